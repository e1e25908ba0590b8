"""The names of `scopecheck.data` for editors and type checkers; at run time each is loaded on first use."""

from scopecheck.data.catalogue import Entry as Entry
from scopecheck.data.catalogue import describe as describe
from scopecheck.data.catalogue import truth_uncertainty as truth_uncertainty
from scopecheck.data.datasets import fetch as fetch
from scopecheck.data.datasets import is_here as is_here
from scopecheck.data.datasets import load as load
from scopecheck.data.datasets import samples as samples
from scopecheck.data.datasets import where as where
from scopecheck.data.labels import read_labels as read_labels
from scopecheck.data.own import own_image as own_image
from scopecheck.data.own import own_list as own_list
from scopecheck.data.own import own_pair as own_pair
from scopecheck.data.read.images import read_image as read_image
from scopecheck.data.read.models import read_emdb_record as read_emdb_record
from scopecheck.data.read.models import read_mapq as read_mapq
from scopecheck.data.read.models import read_model as read_model
from scopecheck.data.read.mrc import MapFile as MapFile
from scopecheck.data.read.mrc import read_map as read_map
from scopecheck.data.read.mrc import read_micrograph as read_micrograph
from scopecheck.data.read.mrc import read_stack as read_stack
from scopecheck.data.read.particle_tables import read_particles as read_particles
from scopecheck.data.read.picks import centres_from_mask as centres_from_mask
from scopecheck.data.read.picks import read_picks as read_picks
from scopecheck.data.sample import Sample as Sample
from scopecheck.data.volumes import open_zarr as open_zarr
from scopecheck.data.volumes import plane as plane

# ---
# jupyter:
#   jupytext:
#     notebook_metadata_filter: kernelspec,scopecheck
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   scopecheck:
#     schema: "1.0"
#     kind: recipe
#     id: segmentation-stardist
#     title: "StarDist: what survives a shape prior"
#     failure_mode: segmentation distribution shift
#     tools: [stardist]
#     datasets:
#       embedded: [bbbc038-field, idr0062-6001240, cell-aap-phase]
#       public: [usiigaci-phase]
#       archive: []
#     measurements:
#       count:
#         unit: objects
#         estimand: pooled ratio
#         scale: relative
#         tolerance: 0.10
#         why: >-
#           Growth and toxicity assays call a change of 20 % in the number of cells an effect. An error of
#           half of that still leaves two wells apart.
#       mean_area:
#         unit: px^2
#         estimand: per-acquisition mean
#         scale: relative
#         tolerance: 0.10
#         why: >-
#           A nucleus that doubles its volume before division enlarges its outline area by 59 % (2 to the
#           power 2/3). Steps of 20 % are told apart only while the error stays below half of that.
#       total_intensity:
#         unit: grey value
#         estimand: pooled ratio
#         scale: relative
#         tolerance: 0.10
#         why: >-
#           DNA content doubles from G1 to G2. A cell counts as S phase when it lies between the two peaks,
#           which are blurred into each other by errors much above 10 %.
#       mean_solidity:
#         unit: "1"
#         estimand: per-acquisition mean
#         scale: absolute
#         tolerance: 0.05
#         why: >-
#           Area over area of the convex hull. A smooth nucleus has 0.95 or more on a pixel grid and 0.90 is
#           a usual gate for irregular ones. An error of 0.05 carries a smooth nucleus across that gate.
#     minutes: {quick: 4, full: 30}
#     memory_gib: 3
#     gpu: optional
#     goals:
#       - "Say what a star-convex polygon is, and look at a cell and tell whether it is one."
#       - "Separate what a shape prior cannot draw from what a network has not learnt."
#       - "Name the measurements that survive a wrong outline, and those that do not."
#       - "Test the prior on ten of your own outlines before any training."
#     arms:
#       - {arm: nuclei-separate, measurement: count, tier: embedded, profile: quick,
#          control: positive, predicted: HOLDS, origin: paper, recorded: null, seen_in_training: "no",
#          source: "simulated like the training nuclei, drawn after training; Schmidt et al. 2018"}
#       - {arm: nuclei-separate, measurement: mean_area, tier: embedded, profile: quick,
#          control: positive, predicted: HOLDS, origin: paper, recorded: null, seen_in_training: "no",
#          source: "simulated like the training nuclei, drawn after training; Schmidt et al. 2018"}
#       - {arm: nuclei-separate, measurement: total_intensity, tier: embedded, profile: quick,
#          control: positive, predicted: HOLDS, origin: paper, recorded: null, seen_in_training: "no",
#          source: "simulated like the training nuclei, drawn after training; Schmidt et al. 2018"}
#       - {arm: nuclei-separate, measurement: mean_solidity, tier: embedded, profile: quick,
#          control: positive, predicted: HOLDS, origin: paper, recorded: null, seen_in_training: "no",
#          source: "simulated like the training nuclei, drawn after training; Schmidt et al. 2018"}
#       - {arm: a-third-unlabelled, measurement: count, tier: embedded, profile: quick,
#          control: negative, predicted: FAILS, origin: physics, recorded: null, seen_in_training: "no",
#          source: "simulated; every third nucleus sends no light and stays in the truth: -33 % by
#          construction"}
#       - {arm: a-third-unlabelled, measurement: total_intensity, tier: embedded, profile: quick,
#          control: negative, predicted: FAILS, origin: physics, recorded: null, seen_in_training: "no",
#          source: "simulated; every third nucleus sends no light and stays in the truth: -33 % by
#          construction"}
#       - {arm: arms-unlabelled, measurement: mean_area, tier: embedded, profile: quick,
#          control: negative, predicted: FAILS, origin: physics, recorded: null, seen_in_training: "no",
#          source: "simulated; only the cell bodies send light and the truth keeps the arms"}
#       - {arm: arms-unlabelled, measurement: mean_solidity, tier: embedded, profile: quick,
#          control: negative, predicted: FAILS, origin: physics, recorded: null, seen_in_training: "no",
#          source: "simulated; only the cell bodies send light and the truth keeps the arms"}
#       - {arm: nuclei-touching, measurement: count, tier: embedded, profile: quick,
#          control: null, predicted: HOLDS, origin: paper, recorded: null, seen_in_training: "no",
#          source: "simulated; Schmidt et al. 2018"}
#       - {arm: nuclei-touching, measurement: mean_area, tier: embedded, profile: quick,
#          control: null, predicted: HOLDS, origin: paper, recorded: null, seen_in_training: "no",
#          source: "simulated; Schmidt et al. 2018"}
#       - {arm: nuclei-touching, measurement: total_intensity, tier: embedded, profile: quick,
#          control: null, predicted: HOLDS, origin: paper, recorded: null, seen_in_training: "no",
#          source: "simulated; Schmidt et al. 2018"}
#       - {arm: nuclei-touching, measurement: mean_solidity, tier: embedded, profile: quick,
#          control: null, predicted: HOLDS, origin: paper, recorded: null, seen_in_training: "no",
#          source: "simulated; Schmidt et al. 2018"}
#       - {arm: rods, measurement: count, tier: embedded, profile: quick,
#          control: null, predicted: FAILS, origin: guess, recorded: null, seen_in_training: "no",
#          source: "simulated, ten times as long as wide; not in the training set"}
#       - {arm: rods, measurement: mean_area, tier: embedded, profile: quick,
#          control: null, predicted: FAILS, origin: guess, recorded: null, seen_in_training: "no",
#          source: "simulated, ten times as long as wide; not in the training set"}
#       - {arm: rods, measurement: total_intensity, tier: embedded, profile: quick,
#          control: null, predicted: FAILS, origin: guess, recorded: null, seen_in_training: "no",
#          source: "simulated, ten times as long as wide; not in the training set"}
#       - {arm: rods, measurement: mean_solidity, tier: embedded, profile: quick,
#          control: null, predicted: HOLDS, origin: guess, recorded: null, seen_in_training: "no",
#          source: "simulated, ten times as long as wide; not in the training set"}
#       - {arm: branched, measurement: count, tier: embedded, profile: quick,
#          control: null, predicted: HOLDS, origin: guess, recorded: null, seen_in_training: "no",
#          source: "simulated cells with four bent arms; not in the training set"}
#       - {arm: branched, measurement: mean_area, tier: embedded, profile: quick,
#          control: null, predicted: FAILS, origin: guess, recorded: null, seen_in_training: "no",
#          source: "simulated cells with four bent arms; not in the training set"}
#       - {arm: branched, measurement: total_intensity, tier: embedded, profile: quick,
#          control: null, predicted: FAILS, origin: guess, recorded: null, seen_in_training: "no",
#          source: "simulated cells with four bent arms; not in the training set"}
#       - {arm: branched, measurement: mean_solidity, tier: embedded, profile: quick,
#          control: null, predicted: FAILS, origin: guess, recorded: null, seen_in_training: "no",
#          source: "simulated cells with four bent arms; not in the training set"}
#       - {arm: prior-nuclei, measurement: mean_area, tier: embedded, profile: quick,
#          control: null, predicted: HOLDS, origin: paper, recorded: null, seen_in_training: "no",
#          source: "true masks drawn again as star-convex polygons; no network"}
#       - {arm: prior-nuclei, measurement: total_intensity, tier: embedded, profile: quick,
#          control: null, predicted: HOLDS, origin: paper, recorded: null, seen_in_training: "no",
#          source: "true masks drawn again as star-convex polygons; no network"}
#       - {arm: prior-nuclei, measurement: mean_solidity, tier: embedded, profile: quick,
#          control: null, predicted: HOLDS, origin: paper, recorded: null, seen_in_training: "no",
#          source: "true masks drawn again as star-convex polygons; no network"}
#       - {arm: prior-rods, measurement: mean_area, tier: embedded, profile: quick,
#          control: null, predicted: FAILS, origin: physics, recorded: null, seen_in_training: "no",
#          source: "true masks drawn again as star-convex polygons; no network. Between two rays of
#          32 a tip ten widths away is cut"}
#       - {arm: prior-rods, measurement: total_intensity, tier: embedded, profile: quick,
#          control: null, predicted: FAILS, origin: physics, recorded: null, seen_in_training: "no",
#          source: "true masks drawn again as star-convex polygons; no network. Between two rays of
#          32 a tip ten widths away is cut"}
#       - {arm: prior-rods, measurement: mean_solidity, tier: embedded, profile: quick,
#          control: null, predicted: HOLDS, origin: physics, recorded: null, seen_in_training: "no",
#          source: "true masks drawn again as star-convex polygons; no network. Between two rays of
#          32 a tip ten widths away is cut"}
#       - {arm: prior-branched, measurement: mean_area, tier: embedded, profile: quick,
#          control: null, predicted: FAILS, origin: physics, recorded: null, seen_in_training: "no",
#          source: "true masks drawn again as star-convex polygons; no network. No ray reaches behind
#          a bend"}
#       - {arm: prior-branched, measurement: total_intensity, tier: embedded, profile: quick,
#          control: null, predicted: FAILS, origin: physics, recorded: null, seen_in_training: "no",
#          source: "true masks drawn again as star-convex polygons; no network. No ray reaches behind
#          a bend"}
#       - {arm: prior-branched, measurement: mean_solidity, tier: embedded, profile: quick,
#          control: null, predicted: FAILS, origin: physics, recorded: null, seen_in_training: "no",
#          source: "true masks drawn again as star-convex polygons; no network. No ray reaches behind
#          a bend"}
#       - {arm: prior-phase, measurement: mean_area, tier: embedded, profile: quick,
#          control: null, predicted: UNDETERMINED, origin: guess, recorded: null, seen_in_training: "no",
#          source: "Cell-AAP outlines drawn again as star-convex polygons; no network. Three images
#          are too few for HOLDS"}
#       - {arm: prior-phase, measurement: mean_solidity, tier: embedded, profile: quick,
#          control: null, predicted: UNDETERMINED, origin: guess, recorded: null, seen_in_training: "no",
#          source: "Cell-AAP outlines drawn again as star-convex polygons; no network. Three images
#          are too few for HOLDS"}
#       - {arm: phase, measurement: count, tier: embedded, profile: quick,
#          control: null, predicted: FAILS, origin: guess, recorded: null, seen_in_training: "no",
#          source: "Cell-AAP phase contrast; network trained here on simulated fluorescence"}
#       - {arm: phase, measurement: mean_area, tier: embedded, profile: quick,
#          control: null, predicted: FAILS, origin: guess, recorded: null, seen_in_training: "no",
#          source: "Cell-AAP phase contrast; network trained here on simulated fluorescence"}
#       - {arm: field, measurement: count, tier: embedded, profile: quick,
#          control: null, predicted: HOLDS, origin: guess, recorded: null, seen_in_training: "no",
#          source: "BBBC038 field; network trained here on simulated nuclei"}
#       - {arm: field, measurement: mean_area, tier: embedded, profile: quick,
#          control: null, predicted: FAILS, origin: guess, recorded: null, seen_in_training: "no",
#          source: "BBBC038 field; network trained here on simulated nuclei"}
#       - {arm: field, measurement: total_intensity, tier: embedded, profile: quick,
#          control: null, predicted: HOLDS, origin: guess, recorded: null, seen_in_training: "no",
#          source: "BBBC038 field; network trained here on simulated nuclei"}
#       - {arm: field, measurement: mean_solidity, tier: embedded, profile: quick,
#          control: null, predicted: HOLDS, origin: guess, recorded: null, seen_in_training: "no",
#          source: "BBBC038 field; network trained here on simulated nuclei"}
#       - {arm: blastocyst, measurement: count, tier: embedded, profile: quick,
#          control: null, predicted: HOLDS, origin: guess, recorded: null, seen_in_training: "no",
#          source: "IDR 6001240, middle plane of the DNA channel; network trained here on simulated
#          nuclei"}
#       - {arm: blastocyst, measurement: mean_area, tier: embedded, profile: quick,
#          control: null, predicted: FAILS, origin: guess, recorded: null, seen_in_training: "no",
#          source: "IDR 6001240, middle plane of the DNA channel; network trained here on simulated
#          nuclei"}
#       - {arm: field-dim, measurement: count, tier: embedded, profile: quick,
#          control: null, predicted: FAILS, origin: guess, recorded: null, seen_in_training: "no",
#          source: "BBBC038 field re-taken at 20 assumed photons"}
#       - {arm: field-dim, measurement: mean_area, tier: embedded, profile: quick,
#          control: null, predicted: FAILS, origin: guess, recorded: null, seen_in_training: "no",
#          source: "BBBC038 field re-taken at 20 assumed photons"}
#       - {arm: field-blurred, measurement: count, tier: embedded, profile: quick,
#          control: null, predicted: HOLDS, origin: guess, recorded: null, seen_in_training: "no",
#          source: "BBBC038 field re-taken with an added blur of 2 px"}
#       - {arm: field-blurred, measurement: mean_area, tier: embedded, profile: quick,
#          control: null, predicted: FAILS, origin: guess, recorded: null, seen_in_training: "no",
#          source: "BBBC038 field re-taken with an added blur of 2 px"}
#       - {arm: field-coarse, measurement: count, tier: embedded, profile: quick,
#          control: null, predicted: FAILS, origin: guess, recorded: null, seen_in_training: "no",
#          source: "BBBC038 field re-taken with pixels twice as large"}
#       - {arm: field-coarse, measurement: mean_area, tier: embedded, profile: quick,
#          control: null, predicted: FAILS, origin: guess, recorded: null, seen_in_training: "no",
#          source: "BBBC038 field re-taken with pixels twice as large"}
#       - {arm: remedy-branched, measurement: count, tier: embedded, profile: quick,
#          control: null, predicted: HOLDS, origin: guess, recorded: null, seen_in_training: "no",
#          source: "simulated cells with four bent arms, drawn after the remedy was fixed"}
#       - {arm: remedy-branched, measurement: mean_area, tier: embedded, profile: quick,
#          control: null, predicted: HOLDS, origin: guess, recorded: null, seen_in_training: "no",
#          source: "simulated cells with four bent arms, drawn after the remedy was fixed"}
#       - {arm: remedy-branched, measurement: total_intensity, tier: embedded, profile: quick,
#          control: null, predicted: HOLDS, origin: guess, recorded: null, seen_in_training: "no",
#          source: "simulated cells with four bent arms, drawn after the remedy was fixed"}
#       - {arm: remedy-branched, measurement: mean_solidity, tier: embedded, profile: quick,
#          control: null, predicted: HOLDS, origin: guess, recorded: null, seen_in_training: "no",
#          source: "simulated cells with four bent arms, drawn after the remedy was fixed"}
#       - {arm: prior-usiigaci, measurement: mean_area, tier: public, profile: quick,
#          control: null, predicted: HOLDS, origin: guess, recorded: null, seen_in_training: "no",
#          source: "Usiigaci outlines drawn again as star-convex polygons; no network"}
#       - {arm: prior-usiigaci, measurement: mean_solidity, tier: public, profile: quick,
#          control: null, predicted: HOLDS, origin: guess, recorded: null, seen_in_training: "no",
#          source: "Usiigaci outlines drawn again as star-convex polygons; no network"}
#       - {arm: usiigaci, measurement: count, tier: public, profile: quick,
#          control: null, predicted: FAILS, origin: guess, recorded: null, seen_in_training: "no",
#          source: "Usiigaci phase contrast; network trained here on simulated fluorescence"}
#       - {arm: usiigaci, measurement: mean_area, tier: public, profile: quick,
#          control: null, predicted: FAILS, origin: guess, recorded: null, seen_in_training: "no",
#          source: "Usiigaci phase contrast; network trained here on simulated fluorescence"}
#       - {arm: nuclei-five-trainings, measurement: count, tier: embedded, profile: full,
#          control: null, predicted: HOLDS, origin: guess, recorded: null, seen_in_training: "no",
#          source: "five trainings, each with its own held-out simulated fields"}
#       - {arm: nuclei-five-trainings, measurement: mean_area, tier: embedded, profile: full,
#          control: null, predicted: HOLDS, origin: guess, recorded: null, seen_in_training: "no",
#          source: "five trainings, each with its own held-out simulated fields"}
#       - {arm: nuclei-five-trainings, measurement: total_intensity, tier: embedded, profile: full,
#          control: null, predicted: HOLDS, origin: guess, recorded: null, seen_in_training: "no",
#          source: "five trainings, each with its own held-out simulated fields"}
#       - {arm: nuclei-five-trainings, measurement: mean_solidity, tier: embedded, profile: full,
#          control: null, predicted: HOLDS, origin: guess, recorded: null, seen_in_training: "no",
#          source: "five trainings, each with its own held-out simulated fields"}
#       - {arm: field-five-trainings, measurement: count, tier: embedded, profile: full,
#          control: null, predicted: HOLDS, origin: guess, recorded: null, seen_in_training: "no",
#          source: "five trainings on the one BBBC038 field"}
#       - {arm: field-five-trainings, measurement: mean_area, tier: embedded, profile: full,
#          control: null, predicted: FAILS, origin: guess, recorded: null, seen_in_training: "no",
#          source: "five trainings on the one BBBC038 field"}
#       - {arm: field-five-trainings, measurement: total_intensity, tier: embedded, profile: full,
#          control: null, predicted: HOLDS, origin: guess, recorded: null, seen_in_training: "no",
#          source: "five trainings on the one BBBC038 field"}
#       - {arm: field-five-trainings, measurement: mean_solidity, tier: embedded, profile: full,
#          control: null, predicted: HOLDS, origin: guess, recorded: null, seen_in_training: "no",
#          source: "five trainings on the one BBBC038 field"}
#       - {arm: branched-own-training, measurement: count, tier: embedded, profile: full,
#          control: null, predicted: HOLDS, origin: guess, recorded: null, seen_in_training: "no",
#          source: "a network trained on branched cells; the prior stays"}
#       - {arm: branched-own-training, measurement: mean_area, tier: embedded, profile: full,
#          control: null, predicted: FAILS, origin: physics, recorded: null, seen_in_training: "no",
#          source: "a network trained on branched cells; the prior stays"}
#       - {arm: branched-own-training, measurement: total_intensity, tier: embedded, profile: full,
#          control: null, predicted: FAILS, origin: physics, recorded: null, seen_in_training: "no",
#          source: "a network trained on branched cells; the prior stays"}
#       - {arm: branched-own-training, measurement: mean_solidity, tier: embedded, profile: full,
#          control: null, predicted: FAILS, origin: physics, recorded: null, seen_in_training: "no",
#          source: "a network trained on branched cells; the prior stays"}
#       - {arm: field-published-weights, measurement: count, tier: public, profile: full,
#          control: null, predicted: HOLDS, origin: paper, recorded: null, seen_in_training: "unknown",
#          source: "2D_versatile_fluo, trained by its authors on part of the same collection; whether
#          on this field is not said"}
#       - {arm: field-published-weights, measurement: mean_area, tier: public, profile: full,
#          control: null, predicted: HOLDS, origin: paper, recorded: null, seen_in_training: "unknown",
#          source: "2D_versatile_fluo, trained by its authors on part of the same collection; whether
#          on this field is not said"}
#       - {arm: field-published-weights, measurement: total_intensity, tier: public, profile: full,
#          control: null, predicted: HOLDS, origin: paper, recorded: null, seen_in_training: "unknown",
#          source: "2D_versatile_fluo, trained by its authors on part of the same collection; whether
#          on this field is not said"}
#       - {arm: field-published-weights, measurement: mean_solidity, tier: public, profile: full,
#          control: null, predicted: HOLDS, origin: paper, recorded: null, seen_in_training: "unknown",
#          source: "2D_versatile_fluo, trained by its authors on part of the same collection; whether
#          on this field is not said"}
# ---

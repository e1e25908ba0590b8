"""A tool that is asked once: the same answer for the same pixels and settings, another for any other."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from scopecheck.tools.once import once

IMAGE = np.arange(12.0).reshape(3, 4)


@pytest.fixture
def counted():
    asked = []

    @once
    def shifted(image, by=1, *, way="up", **told):
        asked.append((by, way, told))
        return np.asarray(image) + (by if way == "up" else -by)

    return shifted, asked


def test_the_same_is_asked_once_however_it_is_said(counted):
    shifted, asked = counted
    first = shifted(IMAGE)
    for again in (shifted(IMAGE.copy(), 1), shifted(image=IMAGE, by=1, way="up"), shifted(IMAGE, way="up")):
        assert again is first
    assert len(asked) == 1


@pytest.mark.parametrize(
    "call",
    [
        lambda tool: tool(IMAGE, 2),
        lambda tool: tool(IMAGE, way="down"),
        lambda tool: tool(IMAGE, plane=3),
        lambda tool: tool(IMAGE + 1e-12),
        lambda tool: tool(IMAGE.astype(np.float32)),  # the same values, and not the same bytes
        lambda tool: tool(IMAGE.reshape(4, 3)),
        lambda tool: tool(IMAGE.T),
        lambda tool: tool(IMAGE, 1.0),
        lambda tool: tool(IMAGE, True),
    ],
)
def test_whatever_differs_is_asked_anew(counted, call):
    shifted, asked = counted
    shifted(IMAGE)
    call(shifted)
    assert len(asked) == 2


def test_two_networks_are_two_tools():
    class Network:
        pass

    one, other = Network(), Network()
    asked = once(lambda network, image: (network, image.sum()))
    assert asked(one, IMAGE)[0] is one
    assert asked(other, IMAGE)[0] is other


def test_a_list_of_networks_is_refused_since_nothing_tells_them_apart():
    with pytest.raises(TypeError, match="give each as an argument of its own"):
        once(lambda networks: len(networks))([object()])


@given(arrays.arrays(np.int64, (3, 3), elements=st.integers(0, 2)), st.integers(0, 2))
def test_it_answers_as_the_tool_itself(image, by):
    def tool(image, by):
        return (image * by).tolist()

    remembered = once(tool)
    assert remembered(image, by) == remembered(image, by) == tool(image, by)

"""The cases that are measured."""


def test_the_networks_are_there_and_no_case_comes_twice():
    import _shapes

    assert {case.network for case in _shapes.CONVOLUTIONS} == {
        "table", "LeNet-5", "VGG-16", "ResNet", "ResNet-18", "ResNet-50", "MobileNet",
    }  # fmt: skip
    lists = _shapes.CONVOLUTIONS, _shapes.DIRECT, _shapes.WINDOWS, _shapes.GEMMS, _shapes.POOLINGS
    for cases in lists:
        names = [str(case) for case in cases]
        assert len(set(names)) == len(names)
        assert all(case.shape.x_shape for case in cases if hasattr(case, "shape"))


def test_which_convolutions_count_as_3x3():
    from _shapes import Conv

    assert Conv("", 1, 8, 16, 8, 3).is_3x3
    assert Conv("", 1, 56, 16, 8, 3).is_3x3
    for other in (
        Conv("", 1, 7, 16, 8, 3),
        Conv("", 1, 57, 16, 8, 3),
        Conv("", 1, 8, 15, 8, 3),
        Conv("", 1, 8, 16, 8, 3, stride=2),
        Conv("", 1, 8, 16, 16, 3, groups=16),
        Conv("", 1, 8, 16, 8, 1),
    ):
        assert not other.is_3x3

import torch

from gpu_tasks.training.dataset.augmentation import GREYED, remove_some_colours


def test_some_pictures_lose_their_colours_and_no_picture_its_shape() -> None:
    pictures = torch.rand(400, 3, 4, 4, generator=torch.Generator().manual_seed(1))

    seen = remove_some_colours(pictures, torch.Generator().manual_seed(2))

    grey = (seen == seen[:, :1]).all(dim=(1, 2, 3))
    assert abs(grey.float().mean().item() - GREYED) < 0.06
    assert torch.equal(seen[~grey], pictures[~grey])
    torch.testing.assert_close(seen.mean(1), pictures.mean(1))

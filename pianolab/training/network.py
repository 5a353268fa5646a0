"""The network: from three log-frequency spectra a frame to what happens at each of the 88 keys.

What comes in: frames (20 ms) of 3 x 294 log-frequency bins. What comes out: for each key and each of five delays the
logits of an onset, a sounding key and a release, and a velocity; and for each delay that of a sustain pedal that is
down. Everything looks backwards only: a head with delay d
answers, at frame k, for the moment d before the newest sample of that frame. What a layer must remember of earlier
frames is its state, which is passed in and out; a stream cut into pieces gives the same answers as the whole.

The same small weights serve every key (a piano's keys are alike); what tells them apart is a vector for each key. Bins
are gathered at the places of a key's partials ("harmonic stacking", Bittner et al., ICASSP 2022, section 3.1).
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pianolab.detectors.neural import DELAYS_MS
from pianolab.dsp.network_input import NeuralInput
from pianolab.units import N_KEYS

N_WINDOWS, N_BINS = NeuralInput.shape
N_COLUMNS = N_BINS // 3  # Semitones from A0 to 7.6 kHz, three bins each.
# Semitones from a key to its partials, and (below it) to keys of which it may be a partial.
HARMONICS = (-19, -12, 0, 7, 12, 19, 24, 28, 31, 34, 36)
# The head for the pedal looks back over 0.8 s in two steps; the one for how long it has been down over 1.7 s in three.
PEDAL_WIDTH, PEDAL_FRAMES, PEDAL_DILATIONS = 24, 5, (2, 8)
AGE_DILATIONS = (1, 4, 16)
AGE_S, N_AGES = 0.04, 30  # For how long it has been down is said in steps of so many seconds; the last is: for longer.
LIKELY_AGES = 5  # The likeliest age is the middle of so many steps (200 ms) that hold most of the chance.
NORM_MOMENTUM = 0.02  # The norms remember about fifty batches.


class CausalConv(nn.Module):
    """Convolution over time (looking back) and keys, batch norm; its state is the input of the frames before.

    Parameters
    ----------
    n_in, n_out : int
        Channels.
    frames, keys : int
        Size of the kernel.
    dilation : int
        Frames from one of its taps to the next.
    stride : int
        Over keys.
    pad : int, optional
        Zeros on each side of the keys; half the kernel if not given.
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        *,
        frames: int = 1,
        keys: int = 1,
        dilation: int = 1,
        stride: int = 1,
        pad: int | None = None,
    ):
        super().__init__()
        self.n_in, self.past = n_in, (frames - 1) * dilation
        pad = keys // 2 if pad is None else pad
        self.conv = nn.Conv2d(
            n_in, n_out, (frames, keys), stride=(1, stride), padding=(0, pad), dilation=(dilation, 1), bias=False
        )
        self.norm = nn.BatchNorm2d(n_out, momentum=NORM_MOMENTUM)

    def forward(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Convolve some frames.

        Parameters
        ----------
        x : (B, n_in, T, K) tensor
        state : (B, n_in, past, K) tensor
            The frames before.

        Returns
        -------
        x : (B, n_out, T, K / stride) tensor
        state : (B, n_in, past, K) tensor
            The frames before the next ones.
        """
        if self.past:
            x = torch.cat([state, x], dim=2)
            state = x[:, :, -self.past :]
        return self.norm(self.conv(x)), state


class HarmonicStack(nn.Module):
    """For each key the columns at its partials side by side, mixed and normed.

    Parameters
    ----------
    n_in, n_out : int
        Channels.
    """

    def __init__(self, n_in: int, n_out: int):
        super().__init__()
        bound = (n_in * len(HARMONICS)) ** -0.5
        self.weight = nn.Parameter(torch.empty(len(HARMONICS) * n_in, n_out).uniform_(-bound, bound))
        self.norm = nn.BatchNorm2d(n_out, momentum=NORM_MOMENTUM)

    def forward(self, x: Tensor) -> Tensor:
        """Gather and mix.

        Parameters
        ----------
        x : (B, n_in, T, 98 or 88) tensor
            Columns, a semitone each.

        Returns
        -------
        (B, n_out, T, 88) tensor
        """
        mixed = _StackAndMix.apply(x, self.weight) if self.training else stack_harmonics(x) @ self.weight.to(x.dtype)
        return self.norm(mixed.permute(0, 3, 1, 2))


def stack_harmonics(x: Tensor, harmonics: Sequence[int] = HARMONICS, n_keys: int = N_KEYS) -> Tensor:
    """What stands at these distances from each key, side by side.

    Parameters
    ----------
    x : (B, C, T, K) tensor
        Zero outside its K columns.
    harmonics : sequence of int
        Distances in semitones (columns).
    n_keys : int
        Keys to look from, the lowest at column 0.

    Returns
    -------
    (B, T, n_keys, len(harmonics) * C) tensor

    Examples
    --------
    Key 30 finds what stands in its own column, an octave below and an octave above.

    >>> columns = torch.arange(98.0)[None, None, None]
    >>> stack_harmonics(columns, (-12, 0, 12))[0, 0, 30].tolist()
    [18.0, 30.0, 42.0]
    """
    low, high = max(0, -min(harmonics)), max(0, max(harmonics) + n_keys - x.shape[3])
    x = F.pad(x.permute(0, 2, 3, 1), (0, 0, low, high))
    return torch.cat([x[:, :, low + h : low + h + n_keys] for h in harmonics], dim=3)


class _StackAndMix(torch.autograd.Function):
    """stack_harmonics(x) @ weight; its gradient is a stack too, several times as fast as what autograd would do."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
        weight = weight.to(x.dtype)
        stacked = stack_harmonics(x)
        ctx.save_for_backward(stacked, weight)
        ctx.shape = x.shape
        return stacked @ weight

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:
        stacked, weight = ctx.saved_tensors
        n_in, n_out = ctx.shape[1], weight.shape[1]
        grad = grad.contiguous()
        to_weight = stacked.flatten(0, 2).t() @ grad.flatten(0, 2)
        back = stack_harmonics(grad.permute(0, 3, 1, 2), [-h for h in HARMONICS], ctx.shape[3])
        transposed = weight.reshape(len(HARMONICS), n_in, n_out).transpose(1, 2).reshape(-1, n_in)
        return (back @ transposed).permute(0, 3, 1, 2), to_weight.float()


class Block(nn.Module):
    """Residual: what was heard a while ago, mixed in.

    Parameters
    ----------
    width : int
        Channels.
    dilation : int
        How far back it looks: one and two times so many frames.
    """

    def __init__(self, width: int, dilation: int):
        super().__init__()
        self.time = CausalConv(width, width, frames=3, dilation=dilation)
        self.mix = nn.Conv2d(width, width, 1)

    def forward(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Mix in what was heard before.

        Parameters
        ----------
        x : (B, width, T, 88) tensor
        state : (B, width, past, 88) tensor
            The frames before.

        Returns
        -------
        x : (B, width, T, 88) tensor
        state : (B, width, past, 88) tensor
            The frames before the next ones.
        """
        y, state = self.time(x, state)
        return x + self.mix(torch.relu(y)), state


class PedalHead(nn.Module):
    """Whether the sustain pedal is down, from all keys together: what rings on after its key was let go tells it.

    Parameters
    ----------
    width : int
        Channels of the trunk.
    channels : int
        Of the head.
    dilations : sequence of int
        How far apart its convolutions look.
    n_ages : int
        Steps of AGE_S in which it says for how long the pedal has been down, and one for longer; 0 if it does not.
    """

    def __init__(
        self, width: int, *, channels: int = PEDAL_WIDTH, dilations: Sequence[int] = PEDAL_DILATIONS, n_ages: int = 0
    ):
        super().__init__()
        self.narrow = nn.Conv2d(width, channels, 1)
        n_in = (2 * channels, *(channels for _ in dilations[1:]))
        self.convs = nn.ModuleList(
            CausalConv(n, channels, frames=PEDAL_FRAMES, dilation=dilation)
            for n, dilation in zip(n_in, dilations, strict=True)
        )
        self.n_answers = 1 + (n_ages + 1 if n_ages else 0)
        self.last = nn.Conv2d(channels, len(DELAYS_MS) * self.n_answers, 1)

    def forward(self, x: Tensor, states: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Answers for some frames.

        Parameters
        ----------
        x : (B, width, T, 88) tensor
            What the trunk says of each key.
        states : list of tensors
            The frames before, one of each convolution.

        Returns
        -------
        answers : (B, 5, 1 or n_ages + 2, T) tensor
            Logits of DELAYS_MS: is it down, and for how long (see `likely_age_s`).
        states : list of tensors
            The frames before the next ones.
        """
        x, after = torch.relu(self.narrow(x)), []
        x = torch.cat([x.mean(3, keepdim=True), x.amax(3, keepdim=True)], dim=1)
        for conv, before in zip(self.convs, states, strict=True):
            x, state = conv(x, before)
            x = torch.relu(x)
            after.append(state)
        return self.last(x)[..., 0].unflatten(1, (len(DELAYS_MS), self.n_answers)), after


def likely_age_s(ages: Tensor) -> Tensor:
    """The likeliest time since the pedal went down: the middle of the 200 ms that hold most of the chance.

    Parameters
    ----------
    ages : (n_ages + 1, T) or (B, n_ages + 1, T) tensor
        Logits of steps of AGE_S; the last stands for longer.

    Returns
    -------
    (T,) or (B, T) tensor
        Seconds.

    Examples
    --------
    >>> ages = -(torch.arange(N_AGES + 1.0)[:, None] - 7.0) ** 2  # It is likeliest to be in step 7: 280 to 320 ms.
    >>> round(likely_age_s(ages).item(), 2)
    0.3
    """
    chances = torch.softmax(ages, dim=-2)[..., :-1, :].transpose(-1, -2)
    together = F.avg_pool1d(chances, LIKELY_AGES, 1, LIKELY_AGES // 2)
    return (torch.argmax(together, dim=-1) + 0.5) * AGE_S


class NoteNet(nn.Module):
    """The whole network: a front that narrows bins to semitones, harmonic stacks, a trunk over time, five heads.

    The pedal has a head of its own.

    Parameters
    ----------
    ear, width, rivals, force : int
        Channels of the front, of the trunk, of each harmonic stack inside the trunk, and of the head for velocity.
    dilations : tuple of tuple of int
        How far apart the trunk's blocks look; a harmonic stack stands before each group.
    pedal : int
        Channels of a second head for the pedal, which says for how long it has been down and is learnt alone, when all
        else is; 0 for none.
    """

    def __init__(
        self,
        *,
        ear: int = 32,
        width: int = 64,
        rivals: int = 24,
        force: int = 32,
        dilations: Sequence[Sequence[int]] = ((1, 2), (4, 8), (16, 32)),
        pedal: int = 0,
    ):
        super().__init__()
        self.first = CausalConv(N_WINDOWS, ear, frames=5, keys=7, stride=3, pad=2)
        self.second = CausalConv(ear, ear, frames=3, keys=3)
        self.stack = HarmonicStack(ear, width)
        self.context = nn.ModuleList(nn.Conv2d(width, width, 1) for _ in dilations)
        self.key = nn.Parameter(0.1 * torch.randn(1, width, 1, N_KEYS))
        self.narrow = nn.ModuleList(nn.Conv2d(width, rivals, 1) for _ in dilations[1:])
        self.rival = nn.ModuleList(HarmonicStack(rivals, width) for _ in dilations[1:])
        self.blocks = nn.ModuleList(Block(width, d) for group in dilations for d in group)
        self.force = CausalConv(width, force, frames=3)
        self.dilations = dilations
        self.last = nn.Conv2d(width, 3 * len(DELAYS_MS), 1)
        self.velocity = nn.Conv2d(force, len(DELAYS_MS), 1)
        self.pedal = PedalHead(width)
        self.pedal_age = PedalHead(width, channels=pedal, dilations=AGE_DILATIONS, n_ages=N_AGES) if pedal else None
        # Most keys are silent most of the time: the network begins by saying so.
        with torch.no_grad():
            self.last.get_parameter("bias").copy_(torch.tensor([-4.0, -3.0, -4.0]).repeat(len(DELAYS_MS)))

    def empty_states(self, batch: int = 1) -> list[Tensor]:
        """States at the beginning of a stream.

        Parameters
        ----------
        batch : int
            Streams side by side.

        Returns
        -------
        list of (batch, C, past, K) tensors
            Zeros.
        """
        convs = [(self.first, N_BINS), (self.second, N_COLUMNS)]
        convs += [(conv, N_KEYS) for conv in [*(block.time for block in self.blocks), self.force]]
        of_pedal = [*self.pedal.convs, *(self.pedal_age.convs if self.pedal_age else [])]
        convs += [(conv, 1) for conv in of_pedal if isinstance(conv, CausalConv)]
        return [torch.zeros(batch, conv.n_in, conv.past, keys) for conv, keys in convs]

    def forward(self, x: Tensor, states: Sequence[Tensor]) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Answers for some frames and the states after them.

        Parameters
        ----------
        x : (B, 3, T, 294) tensor
        states : list of tensors
            From `empty_states` or from the frames before.

        Returns
        -------
        answers : (B, 5, 4, T, 88) tensor
            Logits of DELAYS_MS and KINDS.
        pedal : (B, 5, T) tensor
            Logits of DELAYS_MS: is the sustain pedal down?
        states : list of tensors
        """
        answers, pedal, _, after = self.hear(x, states)
        return answers, pedal, after

    def hear(self, x: Tensor, states: Sequence[Tensor]) -> "tuple[Tensor, Tensor, Tensor | None, list[Tensor]]":
        """As `forward`, and for how long the pedal has been down.

        Parameters
        ----------
        x : (B, 3, T, 294) tensor
        states : list of tensors
            From `empty_states` or from the frames before.

        Returns
        -------
        answers : (B, 5, 4, T, 88) tensor
            Logits of DELAYS_MS and KINDS.
        pedal : (B, 5, T) tensor
            Logits of DELAYS_MS: is the sustain pedal down?
        aged : (B, 5, N_AGES + 2, T) tensor or None
            What the head says that is learnt alone: logits of whether it is down, and of how long it has been (see
            `likely_age_s`); None where there is none.
        states : list of tensors
        """
        before, after = iter(states), []

        def through(layer: nn.Module, x: Tensor) -> Tensor:
            x, state = layer(x, next(before))
            after.append(state)
            return x

        x = torch.relu(through(self.first, x))
        x = torch.relu(through(self.second, x))
        x = self.stack(x)
        x = torch.relu(x + self.key.to(x.dtype))
        blocks = iter(self.blocks)
        for i, group in enumerate(self.dilations):
            if i:
                x = x + torch.relu(self.rival[i - 1](self.narrow[i - 1](x)))
            x = x + self.context[i](x.mean(3, keepdim=True))
            for _ in group:
                x = through(next(blocks), x)
        x = torch.relu(x)
        out = self.last(x).unflatten(1, (len(DELAYS_MS), 3))
        velocity = self.velocity(torch.relu(through(self.force, x)))
        held, aged = list(before), None
        pedal, after_pedal = self.pedal(x, held[: len(self.pedal.convs)])
        if self.pedal_age is not None:
            aged, after_age = self.pedal_age(x, held[len(self.pedal.convs) :])
            after_pedal = after_pedal + after_age
        return torch.cat([out, velocity[:, :, None]], dim=2), pedal[:, :, 0], aged, after + after_pedal

"""Films: taken over packet by packet into an MP4, or decoded and made anew, and animations made into films."""

from __future__ import annotations

import importlib
import io
import pkgutil
import struct
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, BinaryIO

import av
import av.filter
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.video.frame import VideoFrame
from PIL import Image, ImageSequence

from polypost.decoder import images
from polypost.decoder.told import Refused

# What the first bytes said it is; no other reader is tried, and none of these reads playlists.
_READERS = {"video/webm": "matroska", "video/x-matroska": "matroska"}
_RATE, _SAMPLES = 48_000, 1_024
_SOUND_BITS = 128_000
_FPS = 30
_MOST_FPS = 120
_THREADS = 2
# ITU-T H.273: BT.709, and the limited range that films have.
_BT709, _LIMITED = 1, 1
_MOST_SECONDS = 12 * 3600
_HDR = frozenset({16, 18})


def load(recipe: dict[str, Any]) -> None:
    """Have every library in memory that the recipe needs."""
    # Parts of it are otherwise loaded where they are first needed.
    for module in pkgutil.walk_packages(av.__path__, "av."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    av.logging.set_level(None)
    images.load(recipe["from"] if recipe["do"] == "animation" else "image/png")


def make(recipe: dict[str, Any], source: BinaryIO, target: BinaryIO, back: BinaryIO) -> dict[str, Any]:
    """Write the film to `target`, which `back` reads; what people may want to know of it. Raises Refused."""

    def again(_url: str, flags: int, _options: object) -> BinaryIO:
        # The index is moved to the front once it is known; nothing else is ever opened.
        if flags & 2:
            raise Refused("It asks for another file.")
        return back

    # Meta and YouTube ask for films without edit lists.
    options = {"movflags": "+faststart+negative_cts_offsets", "use_editlist": "0"}
    with av.open(target, "w", format="mp4", options=options, io_open=again) as out:
        if recipe["do"] == "animation":
            said = _animation(recipe, source, out)
        else:
            reader = _READERS.get(recipe["from"], "mov")
            with av.open(source, format=reader, metadata_errors="ignore") as film:
                said = _Copy(recipe, film, out).run()
    _lengthen(target, recipe.get("least", 0))
    return said


def _lengthen(target: BinaryIO, least: int) -> None:
    """Add free space behind a film that has fewer bytes than it has to have."""
    missing = least - target.seek(0, io.SEEK_END)
    if missing > 0:
        length = max(missing, 8)
        target.write(struct.pack(">I4s", length, b"free") + bytes(length - 8))


class _Sound:
    """A track of sound that is made: of what was decoded, or of silence."""

    def __init__(self, out: Any) -> None:
        self._out = out
        self.stream = out.add_stream("aac", rate=_RATE, layout="stereo")
        self.stream.bit_rate = _SOUND_BITS
        self._resampler = AudioResampler("fltp", "stereo", _RATE, frame_size=_SAMPLES)
        self._silent = 0

    def add(self, frame: AudioFrame | None) -> None:
        """Add what was decoded; None at its end."""
        for piece in self._resampler.resample(frame):
            self._out.mux(self.stream.encode(piece))
        if frame is None:
            self._out.mux(self.stream.encode(None))

    def silence(self, until: float) -> None:
        """Be silent up to an instant in seconds."""
        while self._silent * _SAMPLES < until * _RATE:
            frame = AudioFrame("fltp", "stereo", _SAMPLES)
            for plane in frame.planes:
                plane.update(bytes(plane.buffer_size))
            frame.sample_rate, frame.time_base = _RATE, Fraction(1, _RATE)
            frame.pts = self._silent * _SAMPLES
            self._silent += 1
            self._out.mux(self.stream.encode(frame))

    def end(self) -> None:
        """No more of the silence."""
        self._out.mux(self.stream.encode(None))


def _video_track(out: Any, size: tuple[int, int], fps: Fraction | int, bits: int) -> Any:
    """A track of pictures as every network plays it."""
    stream = out.add_stream("libx264", rate=fps)
    stream.width, stream.height = size
    stream.pix_fmt = "yuv420p"
    context = stream.codec_context
    context.thread_count = _THREADS
    context.color_primaries = context.color_trc = context.colorspace = _BT709
    context.color_range = _LIMITED
    apart = str(max(1, round(2 * fps)))
    stream.options = {
        "preset": "veryfast",
        "profile": "high",
        "crf": "20",
        "maxrate": str(bits),
        "bufsize": str(2 * bits),
        "g": apart,
        "keyint_min": apart,
        "sc_threshold": "0",
    }
    return stream


class _Copy:
    """One film being written anew."""

    def __init__(self, recipe: dict[str, Any], film: Any, out: Any) -> None:
        videos = [
            each for each in film.streams.video if not each.disposition & av.stream.Disposition.attached_pic
        ]
        if not videos:
            raise Refused("There is no picture in it.")
        self._recipe, self._source, self._out = recipe, film, out
        self._video = videos[0]
        self._audio = film.streams.audio[0] if film.streams.audio else None
        self._until = float(recipe.get("seconds") or _MOST_SECONDS)
        self._made: Any = None
        self._graph: Any = None
        self._shown = 0
        self._last = 0.0
        self._sound: _Sound | None = None
        self._copied: dict[int, Any] = {}
        self._unordered: dict[int, list[Any]] = {}
        if recipe["picture"] == "copy":
            stream = out.add_stream_from_template(self._video)
            if self._video.codec_context.name == "hevc":
                stream.codec_context.codec_tag = "hvc1"
            self._copied[self._video.index] = stream
        else:
            self._video.thread_type = "FRAME"
            self._video.codec_context.thread_count = _THREADS
            self._made = _video_track(out, tuple(recipe["size"]), self._fps(), recipe["bits"])
        if self._audio is not None and recipe["sound"] == "copy":
            self._copied[self._audio.index] = out.add_stream_from_template(self._audio)
        elif recipe["sound"] == "silence" or self._audio is not None:
            self._sound = _Sound(out)

    def run(self) -> dict[str, Any]:
        """Do all of it."""
        streams = [self._video, *([self._audio] if self._audio is not None else [])]
        for packet in self._source.demux(streams):
            self._take(packet)
        if self._made is not None:
            self._draw(None)
            self._out.mux(self._made.encode(None))
            if not self._shown:
                raise Refused("Its pictures cannot be decoded.")
        if self._sound is not None:
            if self._recipe["sound"] == "silence":
                self._sound.silence(self._last)
                self._sound.end()
            else:
                self._sound.add(None)
        return {"notes": ["silence"] if self._recipe["sound"] == "silence" else []}

    def _take(self, packet: Any) -> None:
        copied = self._copied.get(packet.stream.index)
        if copied is not None:
            self._hand_on(packet, copied)
        elif packet.stream is self._video:
            for frame in _decoded(packet):
                self._draw(frame)
        elif self._sound is not None and self._recipe["sound"] == "make":
            for frame in _decoded(packet):
                if (frame.time or 0.0) < self._until:
                    self._sound.add(frame)

    def _hand_on(self, packet: Any, copied: Any) -> None:
        if packet.size == 0:
            return
        if packet.dts is None:
            # Matroska tells no order for the first ones: it is reckoned back from the first that has one.
            self._unordered.setdefault(packet.stream.index, []).append(packet)
            return
        before = self._unordered.pop(packet.stream.index, [])
        step = max(1, round(1 / (self._fps() * packet.time_base)))
        for place, early in enumerate(before):
            early.dts = packet.dts - (len(before) - place) * step
            self._write(early, copied)
        self._write(packet, copied)

    def _write(self, packet: Any, copied: Any) -> None:
        at = float((packet.pts if packet.pts is not None else packet.dts) * packet.time_base)
        if at >= self._until:
            return
        if packet.stream is self._video:
            self._shown += 1
            self._last = max(self._last, at + float((packet.duration or 0) * packet.time_base))
        packet.stream = copied
        self._out.mux(packet)
        if self._sound is not None and self._recipe["sound"] == "silence":
            self._sound.silence(self._last)

    def _draw(self, frame: VideoFrame | None) -> None:
        if frame is not None and (frame.time or 0.0) >= self._until:
            return
        if self._graph is None:
            if frame is None:
                return
            self._graph = _graph(self._recipe, self._video, frame, self._fps())
        self._graph.push(frame)
        while True:
            try:
                drawn = self._graph.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            drawn.pts, drawn.time_base = self._shown, 1 / Fraction(self._fps())
            drawn.pict_type = av.video.frame.PictureType.NONE
            self._shown += 1
            self._last = self._shown / float(self._fps())
            self._out.mux(self._made.encode(drawn))
            if self._sound is not None and self._recipe["sound"] == "silence":
                self._sound.silence(self._last)

    def _fps(self) -> Fraction:
        """The steady rate of the result: the one asked for, else the film's own."""
        if self._recipe.get("fps"):
            return Fraction(self._recipe["fps"])
        own = self._video.average_rate or self._video.base_rate
        return Fraction(own) if own and 1 <= own <= _MOST_FPS else Fraction(_FPS)


def _decoded(packet: Any) -> Iterator[Any]:
    """The frames of a packet; a broken one has none."""
    try:
        yield from packet.decode()
    except av.error.InvalidDataError:
        return


def _graph(recipe: dict[str, Any], video: Any, first: VideoFrame, fps: Fraction) -> Any:
    """Upright, in the shape, size, rate and colours asked for."""
    steps: list[tuple[str, str]] = [
        {90: ("transpose", "cclock"), -90: ("transpose", "clock")}.get(first.rotation, ("null", ""))
    ]
    if abs(first.rotation) == 180:
        steps += [("hflip", ""), ("vflip", "")]
    width, height = recipe["size"]
    colours = "out_color_matrix=bt709:out_range=tv"
    if first.color_trc in _HDR:
        colours += ":out_primaries=bt709:out_transfer=bt709:intent=perceptual"
    how = recipe.get("ratio")
    if how == "crop":
        x, y = recipe["focus"]
        steps.append(("scale", f"{width}:{height}:force_original_aspect_ratio=increase:{colours}"))
        steps.append(("crop", f"{width}:{height}:(iw-ow)*{x:.4f}:(ih-oh)*{y:.4f}"))
    elif how == "pad":
        colour = "0x{:02x}{:02x}{:02x}".format(*images.border(_image_of(first)))
        steps.append(("scale", f"{width}:{height}:force_original_aspect_ratio=decrease:{colours}"))
        steps.append(("pad", f"{width}:{height}:(ow-iw)/2:(oh-ih)/2:{colour}"))
    else:
        steps.append(("scale", f"{width}:{height}:{colours}"))
    steps += [("setsar", "1"), ("fps", f"{fps.numerator}/{fps.denominator}"), ("format", "yuv420p")]
    graph = av.filter.Graph()
    node = graph.add_buffer(
        width=first.width, height=first.height, format=first.format, time_base=video.time_base
    )
    for name, arguments in steps:
        following = graph.add(name, arguments) if arguments else graph.add(name)
        node.link_to(following)
        node = following
    node.link_to(graph.add("buffersink"))
    graph.configure()
    return graph


def _image_of(frame: Any) -> Image.Image:
    """A frame as a picture."""
    picture: Image.Image = frame.to_image()
    return picture


def _frame(picture: Any) -> VideoFrame:
    """A picture as a frame of a film."""
    make: Any = VideoFrame.from_image
    frame: VideoFrame = make(picture)
    return frame.reformat(format="yuv420p", src_colorspace="ITU709", dst_colorspace="ITU709")


def _animation(recipe: dict[str, Any], source: BinaryIO, out: Any) -> dict[str, Any]:
    """A film of an animation, as often as it is to be repeated; what is transparent is on white."""
    image = images.opened(recipe["from"], source)
    size = tuple(recipe["size"])
    stream = _video_track(out, (size[0], size[1]), _FPS, recipe["bits"])
    sound = _Sound(out) if recipe["silence"] else None
    shown, milliseconds, white = 0, 0.0, False
    for _ in range(recipe["times"]):
        for each in ImageSequence.Iterator(image):
            picture = each.convert("RGBA")
            milliseconds += float(each.info.get("duration") or 100)
            white = white or picture.getchannel("A").getextrema()[0] != 255
            ground = Image.new("RGB", picture.size, "white")
            ground.paste(picture, mask=picture.getchannel("A"))
            if ground.size != size:
                ground = ground.resize((size[0], size[1]), Image.Resampling.LANCZOS)
            frame = _frame(ground)
            while shown * 1000 < milliseconds * _FPS:
                frame.pts, frame.time_base = shown, Fraction(1, _FPS)
                shown += 1
                out.mux(stream.encode(frame))
                if sound is not None:
                    sound.silence(shown / _FPS)
    out.mux(stream.encode(None))
    if sound is not None:
        sound.end()
    return {"notes": ["white"] if white else []}

"""What is damaged: small whole files of each kind that is read, made here, so that no file of others is needed."""

import io
import json
import struct
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import soundfile as sf

from pianolab.labels import write_labels
from pianolab.roll import Notes

SR = 8000
NOTES = Notes([0.0, 0.1, 0.1, 0.25], [0.1, 0.2, 0.4, 0.3], [60, 60, 64, 107], [64, 1, 127, 90])

# Of the formats that libsndfile writes: container, subtype, channels. Others are damaged copies of these in effect.
_SOUNDS = (
    ("WAV", "PCM_16", 1), ("WAV", "PCM_U8", 2), ("WAV", "PCM_24", 6), ("WAV", "FLOAT", 2), ("WAV", "DOUBLE", 1),
    ("WAV", "ULAW", 1), ("WAV", "IMA_ADPCM", 1), ("WAV", "MS_ADPCM", 2), ("WAV", "GSM610", 1), ("WAV", "G721_32", 1),
    ("WAV", "NMS_ADPCM_16", 1), ("WAVEX", "PCM_16", 2), ("RF64", "PCM_16", 1),
    ("W64", "PCM_16", 1), ("W64", "GSM610", 1), ("AIFF", "PCM_16", 1), ("AIFF", "FLOAT", 2), ("AIFF", "IMA_ADPCM", 1),
    ("AIFF", "GSM610", 1), ("AIFF", "DWVW_16", 1), ("AU", "PCM_16", 1), ("AU", "ALAW", 1), ("AU", "G723_24", 1),
    ("CAF", "PCM_16", 1), ("CAF", "ALAC_16", 2), ("CAF", "ALAC_24", 1), ("FLAC", "PCM_16", 2), ("FLAC", "PCM_24", 1),
    ("OGG", "VORBIS", 2), ("OGG", "OPUS", 1), ("MP3", "MPEG_LAYER_III", 1), ("MP3", "MPEG_LAYER_III", 2),
    ("VOC", "PCM_16", 1), ("NIST", "PCM_16", 1), ("SVX", "PCM_16", 1), ("PAF", "PCM_24", 1), ("MAT4", "DOUBLE", 1),
    ("MAT5", "PCM_16", 1), ("HTK", "PCM_16", 1), ("PVF", "PCM_16", 1), ("IRCAM", "PCM_16", 1), ("AVR", "PCM_16", 1),
    ("XI", "DPCM_16", 1), ("SDS", "PCM_16", 1), ("MPC2K", "PCM_16", 1), ("WVE", "ALAW", 1),
)  # fmt: skip


def _sound(container: str, subtype: str, channels: int) -> bytes:
    times = np.arange(SR // 4) / SR
    y = 0.4 * np.sin(2 * np.pi * 440 * times) + 0.1 * np.sin(2 * np.pi * 1250 * times)
    buffer = io.BytesIO()
    sf.write(buffer, np.repeat(y[:, None], channels, axis=1), SR, format=container, subtype=subtype)
    return buffer.getvalue()


def audio() -> list[bytes]:
    """Every format that is read, and what programs put around it: tags, joined files, sizes never filled in."""
    sounds = {kind: _sound(*kind) for kind in _SOUNDS}
    wav, ogg, mp3 = sounds["WAV", "PCM_16", 1], sounds["OGG", "VORBIS", 2], sounds["MP3", "MPEG_LAYER_III", 1]
    id3 = b"ID3\x04\x00\x00\x00\x00\x00\x17TIT2\x00\x00\x00\x0d\x00\x00\x03a short song"
    comment = b"LIST" + struct.pack("<I", 12) + b"INFOISFTtest"
    odd = [
        ogg + _sound("OGG", "VORBIS", 1),
        mp3 + mp3,
        mp3[len(mp3) // 3 :],
        id3 + mp3 + b"TAG" + bytes(125),
        wav[:4] + bytes(4) + wav[8:40] + bytes(4) + wav[44:],
        wav[:4] + b"\xff" * 4 + wav[8:40] + b"\xff" * 4 + wav[44:],
        wav[:12] + comment + wav[12:] + comment + id3,
        id3 + sounds["FLAC", "PCM_16", 2],
        wav[:40] + bytes(4) + wav[44:] + b"LIST\0\0\0\0" * 8000 + b"x",
    ]
    return [*sounds.values(), *odd]


AUDIO_TOKENS = (
    b"RIFF", b"RIFX", b"RF64", b"WAVE", b"fmt ", b"data", b"LIST", b"fact", b"ds64", b"FORM", b"AIFF", b"AIFC", b"COMM",
    b"SSND", b".snd", b"caff", b"desc", b"pakt", b"kuki", b"fLaC", b"OggS", b"\x01vorbis", b"OpusHead", b"ID3\x03\x00",
    b"TAG", b"Xing", b"LAME", b"VBRI", b"\xff\xfb\x90\x64", b"\xff\xf1", b"ftypM4A ", b"\x1a\x45\xdf\xa3", b"alac",
    b"\x00\x00\xc0\x7f", b"\x00\x00\x80\x7f", b"\xff\xff\xff\xff", b"\x55\x00", b"\xfe\xff", b"\x31\x00", b"\x11\x00",
)  # fmt: skip


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack(">I", len(content)) + content


def _midi(*tracks: bytes, kind: int = 1, division: int = 480) -> bytes:
    head = _chunk(b"MThd", struct.pack(">HHH", kind, len(tracks), division))
    return head + b"".join(_chunk(b"MTrk", track + b"\x00\xff\x2f\x00") for track in tracks)


def midi() -> list[bytes]:
    """MIDI files with what keyboards, sequencers and notation programs write into them."""
    with tempfile.TemporaryDirectory() as folder:
        write_labels(f"{folder}/notes.mid", NOTES, pedal=[(0.0, 0.15), (0.2, 0.5)])
        ours = Path(folder, "notes.mid").read_bytes()
    on, off = b"\x00\x90\x3c\x40", b"\x83\x60\x80\x3c\x40"
    conductor = (
        b"\x00\xff\x51\x03\x07\xa1\x20\x00\xff\x58\x04\x04\x02\x18\x08\x00\xff\x59\x02\x00\x00\x00\xff\x03\x04name"
    )
    tempos = b"\x00\xff\x51\x03\x07\xa1\x20\x81\x00\xff\x51\x03\x03\xd0\x90\x81\x00\xff\x51\x03\x0f\x42\x40"
    pedal = b"\x00\xb0\x40\x7f" + on + off + b"\x10\xb0\x40\x00"
    ended = on + b"\x83\x60\xb0\x7b\x00\x00\x90\x40\x40\x83\x60\xb0\x78\x00"
    other = b"\x00\xc1\x28\x00\xf0\x05\x7e\x7f\x09\x01\xf7\x00\x91\x30\x40\x20\x81\x30\x00"
    return [
        ours,
        _midi(conductor + on + off, kind=0),
        _midi(conductor, on + off, pedal + other),
        _midi(tempos, on + on + off + off),
        _midi(b"\x00\x90\x3c\x40\x20\x3c\x00\x00\x40\x50\x20\x40\x00", kind=0),  # running status, ends as velocity 0
        _midi(ended, b"\x00\x99\x24\x7f\x10\x89\x24\x00"),
        _midi(on, division=0xE728),  # film frames; the note never ends
        _midi(on + off)[:14] + _chunk(b"XFIH", b"anything") + _midi(on + off)[14:],
        b"RIFF" + struct.pack("<I", len(ours) + 12) + b"RMIDdata" + struct.pack("<I", len(ours)) + ours,
        _midi(b"\x00\x90\x3c\x40\xff\xff\xff\x7f\x80\x3c\x40"),  # the longest wait that there is
        _midi(),
    ]


MIDI_TOKENS = (
    b"MThd", b"MTrk", b"RIFF", b"RMID", b"\x00\xff\x51\x03\x00\x00\x00", b"\x00\xff\x51\x03\xff\xff\xff",
    b"\x00\xff\x51\x00", b"\x00\xff\x59\x02\x12\x00", b"\x00\xff\x59\x02\x00\xff",
    b"\x00\xff\x58\x04\x00\xff\x00\x00", b"\x00\xff\x54\x05\xff\xff\xff\xff\xff", b"\x00\xff\x2f\x00",
    b"\x00\xff\x2f\x05", b"\x00\xff\x7f\xff\xff\xff\x7f", b"\x00\xff\x20\x01\x63", b"\x00\xff\x03\x02\xff\xfe",
    b"\x00\xff\x00\x00", b"\xff\xff\xff\xff\xff\xff\xff\x7f", b"\x00\xb0\x7b\x00", b"\x00\xb0\x78\x00",
    b"\x00\xb9\x40\x7f", b"\x00\xf0\x7f", b"\x00\xf7\x01\x00", b"\x00\xf2\x00", b"\x00\xf4", b"\x00\xf8",
    b"\x00\x90\x3c\xff", b"\x00\x90\x3c\x00", b"\x00\xa0\x3c\x10", b"\x00\xe0\x00\x40",
)  # fmt: skip


def labels() -> list[bytes]:
    """Text labels: ours, MAPS, and what spreadsheets and other programs write."""
    ours = []
    with tempfile.TemporaryDirectory() as folder:
        for suffix in (".tsv", ".csv", ".txt"):
            write_labels(f"{folder}/notes{suffix}", NOTES)
            ours.append(Path(folder, f"notes{suffix}").read_bytes())
    rows = [{"time": t, "duration": 0.4, "value": midi, "confidence": None} for t, midi in ((0.0, 60.02), (0.5, 64))]
    about = {"duration": 1.0, "title": "song", "identifiers": {}, "artist": "", "release": "", "jams_version": "0.3.4"}
    notes = {
        "namespace": "note_midi",
        "annotation_metadata": {},
        "sandbox": {},
        "time": 0,
        "duration": 1.0,
        "data": rows,
    }
    jams = {"file_metadata": about, "annotations": [notes], "sandbox": {}}
    return [
        *ours,
        b"# a remark\n\nonset;duration;note;velocity\n0,5;0,5;C#4;80\n",
        b"Start Time;End Time;Note\r\n0.5;1.0;Bb3\r\n1;2;c#5\r\n",
        b'onset,offset,pitch,comment\n0.0,1.0,C4,"one, two"\n1.0,2.0,"E4",\n',
        b"\xef\xbb\xbfonset offset midi\n0 1 60\n1 2 64\n",
        b"start_time_s,end_time_s,pitch_midi,velocity,pitch_bend\n0.1,0.5,60,100,0,1,0\n0.6,0.9,64,90,0\n",
        b"0.000000\t0.500000\tC4\n0.500000\t1.000000\t64\n",  # Audacity
        b"0.100000000,60,0.5,0.8,A\n0.700000000,64.1,0.2,0.8,\n",  # Sonic Visualiser
        b"onset,offset,midi,velocity\n",
        b"TIME,VALUE,DURATION,LEVEL,LABEL\n0.1,60,0.5,0.8,A\n0.7,64,0.2,0.8,\n",
        b"start_time,end_time,instrument,note,start_beat,end_beat,note_value\n"
        b"9182,90078,1,53,4,1.5,Half\n9182,9999,41,60,4,1,Q\n",
        b'<sv><data><model id="8" sampleRate="44100" type="sparse" dimensions="3" dataset="7" '
        b'subtype="note" units="Hz"/><dataset id="7" dimensions="3">'
        b'<point frame="4410" value="440" duration="2205" level="0.8" label=""/></dataset>'
        b"</data></sv>",
        json.dumps(jams).encode(),
        json.dumps(jams, indent=1).encode(),
    ]


LABEL_TOKENS = (
    b"onset", b"offset", b"duration", b"midi", b"velocity", b"pitch", b"note", b"\t", b",", b";", b"\n", b"\r\n", b"{",
    b"}", b"[", b"]", b":",
)  # fmt: skip


def notation() -> list[bytes]:
    """Scores: MusicXML, compressed as well, MEI, and MIDI as notation programs write it."""
    import verovio

    from pianolab.places import comes_with

    piece = (comes_with("data") / "pieces" / "greensleeves.musicxml").read_text(encoding="utf-8")
    head, *bars = piece.split("<measure ")
    short = "<measure ".join([head, *bars[:3]]) + "</part></score-partwise>"
    toolkit = verovio.toolkit()
    verovio.enableLog(verovio.LOG_OFF)
    toolkit.loadData(short)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("META-INF/container.xml", '<container><rootfile full-path="score.xml"/></container>')
        archive.writestr("score.xml", short)
    tuplet = "<time-modification><actual-notes>3</actual-notes><normal-notes>2</normal-notes></time-modification>"
    odd = short.replace("<type>", f"{tuplet}<type>", 3).replace("<duration>4</duration>", "<duration>3</duration>", 2)
    song = _midi(
        b"\x00\xff\x58\x04\x03\x02\x18\x08\x00\x90\x3c\x40\x83\x60\x80\x3c\x40\x00\x90\x40\x40\x81\x70\x80\x40\x40"
    )
    return [short.encode(), odd.encode(), toolkit.getMEI({}).encode(), packed.getvalue(), song]


NOTATION_TOKENS = (
    b"<note>", b"</note>", b"<chord/>", b"<grace/>", b"<rest/>", b"<backup>", b"<forward>", b"<duration>0</duration>",
    b"<duration>-4</duration>", b"<duration>1e9</duration>", b"<divisions>0</divisions>", b"<beats>0</beats>",
    b"<beat-type>0</beat-type>", b"<staves>9</staves>", b"<staff>7</staff>", b'<repeat direction="backward"/>',
    b'<sound tempo="0"/>', b'<sound tempo="nan"/>', b"<octave>99</octave>", b"<alter>1e6</alter>", b"<dot/>",
    b'<ending number="1" type="start"/>', b"<![CDATA[", b"<!--", b"&#0;", b"&lt;", b'tstamp="1e99"', b'dur="0"',
    b'plist="#a #a"', b"<expansion/>",
)  # fmt: skip


def specs() -> list[bytes]:
    """Spec text of detectors."""
    return [
        b"yin", b"yin:threshold=0.2,hop_length=256", b"cqt:preset=textbook", b"nmf:n_iterations=10,preset=rules",
        b"neural:lookahead_ms=30", b"neural:weights_file=nowhere.onnx", b"fft_peak:n_partials=5,gate=0.1",
        b"mine.py:Mine:threshold=0.1", b"aubio:", b"pyin:window_length=4096", b"C:\\mine.py:Mine",
        b"yin:preset=aubio,threshold=.5",
    ]  # fmt: skip


def pianos() -> list[bytes]:
    """The index of a folder of single notes."""
    entries = [
        {"file": "60_0.wav", "midi": 60, "onset_s": 0.02, "dynamic": 0.3, "mic": "near"},
        {"file": "60_1.wav", "midi": 60, "onset_s": 0.02, "dynamic": None, "mic": "far", "cents": -3.5},
    ]
    return [json.dumps(entries[:n]).encode() for n in (1, 2)]


def stream() -> list[bytes]:
    """What a client of the stream says, one message a seed."""
    hello = {"type": "hello", "versions": [1, 2], "sr": 48000, "more": {"name": "mine"}}
    said = (hello, {"type": "missing", "samples": 512}, {"type": "ping", "id": "one"}, {"type": "stop"})
    return [json.dumps(message).encode() for message in said]


def practice() -> list[bytes]:
    """What the practice page says, one message a seed."""
    hello = {"type": "hello", "versions": [1], "sr": 48000, "language": "ko", "names": "도", "detector": "yin"}
    choice = {"type": "choose", "item": 3, "hands": "left", "mode": "beat", "first_bar": 0, "last_bar": 7}
    commands = {"type": "commands", "again": 21, "slower": "pedal", "on": None}
    said = (hello, choice, {**choice, "loop": True, "tempo": 0.5, "certainty": 0.9}, commands, {"type": "begin"})
    return [json.dumps(message).encode() for message in said]


def messages() -> list[bytes]:
    """What a page says, one list of messages a seed; "take" stands for the name of the last take."""
    tracking = {"n_confirm": 5, "threshold": 0.5}
    choice = {"detector": "yin", "params": {"threshold": 0.2}, "tracking": tracking, "a4_hz": 442}
    start = {"type": "start", "session": "one", "sr": 44100, "source": "browser", "keep": False, "capture": {}}
    block = {"type": "block", "session": "one", "frame": 0, "sr": 44100, "seq": 0}
    stop = {"type": "stop", "session": "one", "frames": 1024, "dropped": 0}
    shift = {"type": "label", "take": "take", "edit": "shift", "index": 0, "seconds": 0.1}
    poll = {"type": "poll", "session": "one", "seq": 2}
    chosen = {"type": "choose", "choices": [choice, {"detector": "yin"}]}
    said = (
        [{"type": "hello", "view": "v", "language": "ko"}, {"type": "language", "language": "en"}],
        [start, block, {**block, "frame": 1024, "seq": 1}, {**block, "frame": 9000, "seq": 4}, stop],
        [start, block, chosen, poll, stop],
        [start, block, stop, {"type": "play", "take": "take"}, shift],
        [{"type": "forget", "take": "take"}, {"type": "save", "take": "take"}, {"type": "choose", "choices": [choice]}],
    )
    return [json.dumps(messages).encode() for messages in said]

// Made from pianolab/live/js by `make js`: do not edit. sha256 of the sources: c5e79651c753592c26c24ca841655184261d75719f1b7475791950ffee7c8aff

// ../../texts/en/page.json
var page_default = {
  start: "Start",
  stop: "Stop",
  live_view: "pianolab live",
  language: "Language",
  microphone_off: "microphone off",
  microphone_on: "microphone ON",
  listening: "listening",
  input: "Input",
  browser_microphone: "This browser's microphone",
  loudness: "loudness",
  loudness_meter: "loudness in dBFS",
  silent: "silent",
  level: "{db} dB",
  clipping: "too loud: clipping",
  privacy: "Nothing is recorded before Start is pressed; the sound goes only to the program that listens, and stays there.",
  "status.waiting": "Waiting for the program that listens: it is starting …",
  "status.ready": "Ready. Press Start and play. {how}",
  "status.chosen": "{how}",
  "status.listening": "Listening.",
  "status.listening_to": "Listening to {microphone}.",
  "status.processed": "Listening to {microphone}. Warning: the browser still changes the sound ({processing}).",
  "status.stopped": "Stopped. The microphone is off.",
  "status.source_stopped": "Stopped.",
  "status.gave_up": "Stopped: no answer came. The microphone is off.",
  "status.source_gave_up": "Stopped: no answer came.",
  "status.other_page": "Another page started; this one stopped.",
  "status.saved": "Saved in {folder}.",
  "status.forgotten": "Forgotten.",
  "trouble.denied.what": "The browser does not allow the microphone.",
  "trouble.denied.remedy": "Click the sign left of the address, allow the microphone, then press Start again.",
  "trouble.unanswered.what": "The browser asks whether this page may use the microphone, and waits for your answer.",
  "trouble.unanswered.remedy": "Allow it in the question beside the address, then press Start again.",
  "trouble.nodevice.what": "No microphone was found.",
  "trouble.nodevice.remedy": "Plug one in and press Start again.",
  "trouble.inuse.what": "The microphone is there but cannot be opened.",
  "trouble.inuse.remedy": "Close other programs that use it, then press Start again.",
  "trouble.gone.what": "The chosen microphone is no longer there.",
  "trouble.gone.remedy": "Choose another one and press Start again.",
  "trouble.held.what": "Another keyboard on this page holds the microphone.",
  "trouble.held.remedy": "Press Stop there, then Start here.",
  "trouble.insecure.what": "This page may not use a microphone, because it is not secure.",
  "trouble.insecure.remedy": "Open it at http://localhost or over https.",
  "trouble.nosound.what": "The browser does not start its sound, so it cannot hear either: there may be no loudspeaker.",
  "trouble.nosound.remedy": "Connect loudspeakers or headphones, they may stay quiet, or use another browser. Then press Start again.",
  "trouble.unplugged.what": "The microphone was unplugged or its permission was taken back. What was played so far is kept.",
  "trouble.unplugged.remedy": "Plug it in or allow it, then press Start again.",
  "trouble.muted.what": "The system has muted the microphone.",
  "trouble.muted.remedy": "Switch it on at the device or in the system's sound settings.",
  "trouble.zeros.what": "The microphone gives no sound at all, not even noise.",
  "trouble.zeros.remedy": "Is it switched off, muted, or the wrong one? Choose another under Input, or look into the system's sound settings.",
  "trouble.suspended.what": "The browser has paused the sound of this page.",
  "trouble.suspended.remedy": "Click on the page; if it stays like this, press Stop and Start.",
  "trouble.worklet.what": "The browser refuses to run the recording code.",
  "trouble.worklet.remedy": "Allow blob: scripts in the page's security policy, or use another browser.",
  "trouble.processor.what": "The recording code stopped.",
  "trouble.processor.remedy": "Press Start again.",
  "trouble.busy.what": "The program that listens is busy and does not answer yet.",
  "trouble.busy.remedy": "Wait for the running cell to end.",
  "trouble.busy_page.what": "The program that listens is busy and does not answer yet.",
  "trouble.busy_page.remedy": "Wait a little. If it stays like this for a minute, reload the page.",
  "trouble.silent.what": "No answer: nothing that is played is seen now.",
  "trouble.silent.remedy": "Wait a moment.",
  "trouble.frozen.what": "The program that listens does not answer any more.",
  "trouble.frozen.remedy": "If a cell is running, wait for its end and press Start. If not, restart with ⟳ above the notebook and run the cell again.",
  "trouble.frozen_page.what": "The program that listens does not answer any more.",
  "trouble.frozen_page.remedy": "Reload the page.",
  "trouble.offline.what": "The connection to the program that listens is gone.",
  "trouble.offline.remedy": "If it was closed, start it again. Then reload the page.",
  "trouble.reopened.what": "This view is from an earlier time and hears nothing.",
  "trouble.reopened.remedy": "Run its cell again with ▶ above the notebook, and use the view that appears.",
  "trouble.restarted.what": "The connection to the program that listens is gone: it was restarted or ended.",
  "trouble.restarted.remedy": "Run the cell again.",
  "trouble.restarted_page.what": "The program that listens was restarted or ended.",
  "trouble.restarted_page.remedy": "Reload the page.",
  "trouble.slow.what": "The program that listens did not keep up.",
  "trouble.slow.remedy": "If this comes often, close other programs, or choose a faster detector.",
  "trouble.slow.more": { one: "{n} piece of sound, {seconds} s, was left out.", other: "{n} pieces of sound, {seconds} s, were left out." },
  "trouble.hidden.what": "This tab was hidden while the microphone was on.",
  "trouble.hidden.remedy": "Keep it in view: a hidden tab may be slowed down.",
  "trouble.other.what": "The microphone could not be started.",
  "trouble.other.remedy": "Reload the page and try again.",
  modes: "What do you play?",
  "mode.single": "One note at a time",
  "mode.chords": "Chords, both hands",
  "listens.single": "Listens for one note at a time.",
  "listens.chords": "Listens for chords, both hands.",
  "listens.with": "Listens with {detectors}.",
  "asks.title": "What to play",
  "asks.nothing": "whatever you like",
  "check.title": "Set-up check",
  "check.offer": "Before the first take: is your piano heard?",
  "check.begin": "Check the sound",
  "check.later": "Not now",
  "check.done": "Done",
  "check.play": "Play middle C ({name}) and let it sound.",
  "check.nothing": "Almost nothing arrives. Is it the right microphone? Choose another under Input, or move it nearer to the piano.",
  "check.no_note": "There is sound, but no note yet. Play one key, firmly, in a quiet room.",
  "check.other": "I hear {heard}.",
  "check.heard": "✓ I hear you: {name}, {percent} % sure.",
  "check.level_good": "The loudness is good.",
  "check.level_faint": "It is faint: move the microphone nearer, or turn it up in the sound settings.",
  "check.level_clipped": "It is too loud: move the microphone away, or turn it down in the sound settings.",
  "keyboard.silent": "88 keys, none sounds",
  "keyboard.sounding": "88 keys, sounding: {keys}",
  "pedal.down": "sustain pedal: down, confidence {percent} %",
  "pedal.up": "sustain pedal: up, confidence {percent} %",
  "listener.named": "{letter}: {detector}",
  "listener.away": { one: "{n} sound that was no piano", other: "{n} sounds that were no piano" },
  "listener.no_note": "no note",
  "listener.last_note": "last note: {name}",
  "listener.confidence": "how sure",
  "listener.confidence_of": "confidence, detector {letter}",
  "listener.keys": "keys that sound, each with its confidence and velocity",
  "listener.percent": "{percent} %",
  "listener.struck": "{percent} %, velocity {velocity}",
  "listener.cents_unknown": "cents unknown",
  "listener.in_tune": "{cents} cents in tune",
  "listener.sharp": "{cents} cents sharp",
  "listener.flat": "{cents} cents flat",
  "listener.also": "{name} (also {others})",
  "listener.no_chord": "no chord name",
  "listener.one_key": "one key",
  "roll.title": "The last ten seconds",
  "roll.picture": "piano roll of the last ten seconds",
  "roll.pedal": "Ped.",
  "roll.now": "now",
  "roll.ago": "−{seconds} s",
  "spectrum.title": "Spectrum: level over frequency",
  "spectrum.picture": "spectrum of the sound, A0 to C8",
  "wave.title": "Waveform: amplitude over time",
  "wave.picture": "waveform of the sound",
  "wave.length": "{ms} ms",
  "prompt.play": "Play: {title}",
  "prompt.notes": "notes to play",
  "prompt.symbol": "{symbol}: ",
  "prompt.wrong": "✗ {heard} was played, {asked} was asked for. Go on with the next one.",
  "prompt.octave": "✗ {heard} was played, {asked} was asked for: the right name in another octave. Go on.",
  "prompt.again": "+ {heard} was played once more.",
  "prompt.extra": "+ {heard} was played, and nothing more was asked for.",
  "takes.title": "Takes",
  "takes.kept": { one: "{name} · {seconds} s · {n} note · kept in {folder}", other: "{name} · {seconds} s · {n} notes · kept in {folder}" },
  "takes.in_memory": { one: "{name} · {seconds} s · {n} note · not saved", other: "{name} · {seconds} s · {n} notes · not saved" },
  "takes.missing": "⚠ {seconds} s of sound are missing",
  "takes.cut": "⚠ cut off: no answer came",
  "takes.gone": "⚠ cut off: no answer came, and its sound cannot be had here",
  "takes.take": "take {name}",
  "takes.play": "Play",
  "takes.save": "Save",
  "takes.forget": "Forget",
  "takes.labels": "Labels",
  "labels.none": "no labels",
  "labels.proposed": "labels proposed",
  "labels.confirmed": "labels confirmed",
  "labels.region": "labels",
  "labels.correct": "Correct the labels",
  "labels.caption": "Take {name}: {state}",
  "labels.note": "note",
  "labels.begins": "begins (s)",
  "labels.lasts": "lasts (s)",
  "labels.move": "move",
  "labels.shift": "{ms} ms",
  "labels.pitch": { one: "{step} key", other: "{step} keys" },
  "labels.add": "Add",
  "labels.add_key": "Note to add",
  "labels.add_at": "at (s)",
  "labels.delete": "delete",
  "labels.one": "{name} at {seconds} seconds",
  "labels.confirm": "Confirm: this is what was played",
  "report.region": "what was right",
  "report.result": { one: "{right} of {n} key right, {in_time} of them in time", other: "{right} of {n} keys right, {in_time} of them in time" },
  "report.extra": { one: "{n} key too many", other: "{n} keys too many" },
  "report.lost": "⚠ {seconds} s of the sound were lost. What you played there was not heard and may stand here as missing.",
  "report.cut": "⚠ This take was cut off. What you played after that was not heard and may stand here as missing.",
  "report.played": "What was played",
  "report.verdict": "verdict",
  "report.asked": "asked",
  "report.heard": "heard",
  "report.at": "at",
  "report.off_beat": "off the beat",
  "report.seconds": "{seconds} s",
  "report.ms": "{ms} ms",
  "report.unknown": "–",
  "verdict.right": "✓ right",
  "verdict.wrong": "✗ wrong",
  "verdict.octave": "✗ another octave",
  "verdict.missing": "○ missing",
  "verdict.extra": "+ extra",
  "verdict.doubled": "+ struck twice",
  "verdict.perhaps": "? perhaps heard too, no mistake",
  "verdict.late": "▸ late",
  "verdict.early": "◂ early",
  "scores.title": "How well each way of listening heard this take",
  "scores.detector": "listens with",
  "scores.precision": "right, of what was told",
  "scores.recall": "told, of what was played",
  "scores.onset_f1": "strokes, together",
  "scores.note_f1": "strokes and lengths, together",
  "scores.onset_bias": "told late by",
  note_names: "Note names",
  keep: "Keep takes on disk",
  flash: "Flash the edge of the page at every note",
  vibrate: "Vibrate at every note",
  vibrate_cannot: "Vibrate (this device cannot)",
  back: "Hear it back",
  "back.warning": "⚠ Use headphones: loudspeakers howl when the microphone hears them.",
  "back.sound": "Sound of the microphone",
  "back.off": "off",
  "back.gain": "as it is",
  "back.band": "only around the note heard",
  "back.loud": "How loud",
  rate: "The sound comes at {sr} Hz.",
  choices: "More: detectors, threshold, valid notes, tuning",
  "choices.detector": "Detector {letter}",
  "choices.listens": "listens with",
  "choices.beside": "beside it",
  "choices.none": "none",
  "choices.cannot": "{name} ({reason})",
  "choices.threshold": "Threshold",
  "choices.onset_threshold": "Confidence from which a stroke counts",
  "choices.n_confirm": "Valid note after N frames",
  "choices.parameters": "Parameters of this detector",
  "choices.a4": "Tuning: A4 in Hz",
  "log.title": "Notes heard",
  "log.region": "notes heard",
  "log.letter": "{letter} {line}",
  "log.note": "{name} at {seconds} s, confidence {percent} %",
  "log.note_cents": "{name} at {seconds} s, {cents} cents, confidence {percent} %",
  "log.chord": "{keys} at {seconds} s",
  "log.chord_named": "{keys} at {seconds} s: {name}",
  "log.gap": "{seconds} s: {ms} ms are missing",
  "log.said": "{name}: {keys}",
  "counts.heard": "{seconds} s heard, {missing} s missing, {dropped} pieces of sound left out",
  "counts.on_their_way": { one: "{n} message on its way", other: "{n} messages on their way" },
  "counts.refused": "{n} refused",
  "counts.lost": "{n} lost by the sound card",
  "counts.stopped": "{blocks} pieces of sound, {missing} samples missing, {dropped} pieces left out",
  "learn.title": "Learn my piano",
  "learn.about": "Play a few notes that are asked for, and this page hears your piano as it is tuned and how loud it is in your room.",
  "learn.begin": "Learn my piano",
  "learn.again": "Learn it again",
  "learn.skip": "Skip this note",
  "learn.repeat": "Repeat the note before",
  "learn.give_up": "Stop learning",
  "learn.forget": "Forget this piano",
  "learn.number": "Note {number} of {of}",
  "learn.working": "Learning from what was played. Wait some seconds.",
  "learn.in_use": "Your piano is known: from the next Start on it is heard as it is."
};

// ../../texts/ko/page.json
var page_default2 = {
  start: "시작",
  stop: "정지",
  live_view: "pianolab 실시간 화면",
  language: "언어",
  microphone_off: "마이크 꺼짐",
  microphone_on: "마이크 켜짐",
  listening: "듣는 중",
  input: "입력",
  browser_microphone: "이 브라우저의 마이크",
  loudness: "소리 크기",
  loudness_meter: "소리 크기(dBFS)",
  silent: "무음",
  level: "{db} dB",
  clipping: "너무 큽니다: 클리핑",
  privacy: "시작을 누르기 전에는 아무것도 녹음하지 않습니다. 소리는 듣는 프로그램으로만 보내고 다른 곳으로 나가지 않습니다.",
  "status.waiting": "듣는 프로그램이 켜지기를 기다리는 중입니다 …",
  "status.ready": "준비되었습니다. 시작을 누르고 연주해 주세요. {how}",
  "status.chosen": "{how}",
  "status.listening": "듣고 있습니다.",
  "status.listening_to": "듣고 있습니다. 마이크: {microphone}.",
  "status.processed": "듣고 있습니다. 마이크: {microphone}. 주의: 브라우저가 아직 소리를 바꾸고 있습니다({processing}).",
  "status.stopped": "정지했습니다. 마이크가 꺼졌습니다.",
  "status.source_stopped": "정지했습니다.",
  "status.gave_up": "응답이 없어 정지했습니다. 마이크가 꺼졌습니다.",
  "status.source_gave_up": "응답이 없어 정지했습니다.",
  "status.other_page": "다른 페이지에서 시작하여 이 페이지는 정지했습니다.",
  "status.saved": "{folder}에 저장했습니다.",
  "status.forgotten": "지웠습니다.",
  "trouble.denied.what": "브라우저가 마이크를 허용하지 않습니다.",
  "trouble.denied.remedy": "주소 왼쪽의 표시를 눌러 마이크를 허용한 뒤 시작을 다시 눌러 주세요.",
  "trouble.unanswered.what": "브라우저가 이 페이지에 마이크를 허용할지 묻고 답을 기다리고 있습니다.",
  "trouble.unanswered.remedy": "주소 옆에 뜬 질문에서 마이크를 허용한 뒤 시작을 다시 눌러 주세요.",
  "trouble.nodevice.what": "마이크를 찾지 못했습니다.",
  "trouble.nodevice.remedy": "마이크를 연결하고 시작을 다시 눌러 주세요.",
  "trouble.inuse.what": "마이크가 있지만 열 수 없습니다.",
  "trouble.inuse.remedy": "마이크를 쓰는 다른 프로그램을 닫고 시작을 다시 눌러 주세요.",
  "trouble.gone.what": "선택한 마이크가 더 이상 없습니다.",
  "trouble.gone.remedy": "다른 마이크를 선택하고 시작을 다시 눌러 주세요.",
  "trouble.held.what": "이 페이지의 다른 건반이 마이크를 쓰고 있습니다.",
  "trouble.held.remedy": "그쪽에서 정지를 누른 다음 여기에서 시작을 눌러 주세요.",
  "trouble.insecure.what": "이 페이지는 보안 연결이 아니어서 마이크를 쓸 수 없습니다.",
  "trouble.insecure.remedy": "http://localhost 또는 https로 열어 주세요.",
  "trouble.nosound.what": "브라우저가 소리 기능을 켜지 못해 들을 수도 없습니다. 스피커가 없을 수 있습니다.",
  "trouble.nosound.remedy": "스피커나 헤드폰을 연결하거나(소리는 나지 않아도 됩니다) 다른 브라우저를 쓴 뒤 시작을 다시 눌러 주세요.",
  "trouble.unplugged.what": "마이크가 빠졌거나 허용이 취소되었습니다. 지금까지 연주한 것은 남아 있습니다.",
  "trouble.unplugged.remedy": "마이크를 연결하거나 허용한 뒤 시작을 다시 눌러 주세요.",
  "trouble.muted.what": "시스템이 마이크를 음소거했습니다.",
  "trouble.muted.remedy": "기기나 시스템의 소리 설정에서 마이크를 켜 주세요.",
  "trouble.zeros.what": "마이크에서 아무 소리도 오지 않습니다. 잡음조차 없습니다.",
  "trouble.zeros.remedy": "마이크가 꺼졌거나, 음소거되었거나, 다른 마이크일 수 있습니다. 입력에서 다른 것을 선택하거나 시스템의 소리 설정을 확인해 주세요.",
  "trouble.suspended.what": "브라우저가 이 페이지의 소리를 멈췄습니다.",
  "trouble.suspended.remedy": "페이지를 눌러 주세요. 그래도 그대로이면 정지를 누른 다음 시작을 눌러 주세요.",
  "trouble.worklet.what": "브라우저가 녹음 코드를 실행하지 않습니다.",
  "trouble.worklet.remedy": "이 페이지의 보안 정책에서 blob: 스크립트를 허용하거나 다른 브라우저를 써 주세요.",
  "trouble.processor.what": "녹음 코드가 멈췄습니다.",
  "trouble.processor.remedy": "시작을 다시 눌러 주세요.",
  "trouble.busy.what": "듣는 프로그램이 바빠서 아직 응답하지 않습니다.",
  "trouble.busy.remedy": "실행 중인 셀이 끝날 때까지 기다려 주세요.",
  "trouble.busy_page.what": "듣는 프로그램이 바빠서 아직 응답하지 않습니다.",
  "trouble.busy_page.remedy": "잠시 기다려 주세요. 1분이 지나도 그대로이면 페이지를 새로 고쳐 주세요.",
  "trouble.silent.what": "응답이 없습니다. 지금은 연주한 것이 보이지 않습니다.",
  "trouble.silent.remedy": "잠시 기다려 주세요.",
  "trouble.frozen.what": "듣는 프로그램이 더 이상 응답하지 않습니다.",
  "trouble.frozen.remedy": "셀이 실행 중이면 끝날 때까지 기다린 뒤 시작을 눌러 주세요. 아니면 주피터 노트북 위의 ⟳로 다시 시작하고 셀을 다시 실행해 주세요.",
  "trouble.frozen_page.what": "듣는 프로그램이 더 이상 응답하지 않습니다.",
  "trouble.frozen_page.remedy": "페이지를 새로 고쳐 주세요.",
  "trouble.offline.what": "듣는 프로그램과의 연결이 끊겼습니다.",
  "trouble.offline.remedy": "프로그램을 닫았다면 다시 시작해 주세요. 그런 다음 페이지를 새로 고쳐 주세요.",
  "trouble.reopened.what": "이것은 예전에 저장된 것이어서 아무것도 듣지 못합니다.",
  "trouble.reopened.remedy": "주피터 노트북 위의 ▶로 이 셀을 다시 실행하고, 새로 나타난 것을 써 주세요.",
  "trouble.restarted.what": "듣는 프로그램과의 연결이 끊겼습니다. 프로그램이 다시 시작되었거나 종료되었습니다.",
  "trouble.restarted.remedy": "셀을 다시 실행해 주세요.",
  "trouble.restarted_page.what": "듣는 프로그램이 다시 시작되었거나 종료되었습니다.",
  "trouble.restarted_page.remedy": "페이지를 새로 고쳐 주세요.",
  "trouble.slow.what": "듣는 프로그램이 제때 따라오지 못했습니다.",
  "trouble.slow.remedy": "자주 나타나면 다른 프로그램을 닫거나 더 빠른 검출기를 선택해 주세요.",
  "trouble.slow.more": { other: "소리 조각 {n}개({seconds}초)를 건너뛰었습니다." },
  "trouble.hidden.what": "마이크가 켜져 있는 동안 이 탭이 가려졌습니다.",
  "trouble.hidden.remedy": "탭이 계속 보이게 해 주세요. 가려진 탭은 느려질 수 있습니다.",
  "trouble.other.what": "마이크를 시작하지 못했습니다.",
  "trouble.other.remedy": "페이지를 새로 고친 뒤 다시 시도해 주세요.",
  modes: "무엇을 연주하시겠습니까?",
  "mode.single": "한 번에 한 음",
  "mode.chords": "화음, 양손",
  "listens.single": "한 번에 한 음씩 듣습니다.",
  "listens.chords": "화음과 양손을 듣습니다.",
  "listens.with": "검출기: {detectors}.",
  "asks.title": "연주할 것",
  "asks.nothing": "자유롭게",
  "check.title": "소리 확인",
  "check.offer": "첫 테이크 전에 피아노가 들리는지 확인해 볼까요?",
  "check.begin": "소리 확인하기",
  "check.later": "나중에",
  "check.done": "마침",
  "check.play": "가운데 도({name})를 치고 그대로 울리게 해 주세요.",
  "check.nothing": "소리가 거의 들어오지 않습니다. 마이크가 맞습니까? 입력에서 다른 마이크를 선택하거나 피아노에 더 가까이 놓아 주세요.",
  "check.no_note": "소리는 들어오지만 아직 음이 없습니다. 조용한 방에서 건반 하나를 또렷하게 쳐 주세요.",
  "check.other": "{heard}이(가) 들립니다.",
  "check.heard": "✓ 들립니다: {name}, 확실한 정도 {percent}%.",
  "check.level_good": "소리 크기가 알맞습니다.",
  "check.level_faint": "소리가 작습니다. 마이크를 더 가까이 놓거나 소리 설정에서 키워 주세요.",
  "check.level_clipped": "소리가 너무 큽니다. 마이크를 멀리 놓거나 소리 설정에서 줄여 주세요.",
  "keyboard.silent": "건반 88개, 울리는 건반 없음",
  "keyboard.sounding": "건반 88개, 울리는 건반: {keys}",
  "pedal.down": "서스테인 페달: 밟음, 신뢰도 {percent}%",
  "pedal.up": "서스테인 페달: 놓음, 신뢰도 {percent}%",
  "listener.named": "{letter}: {detector}",
  "listener.away": { other: "피아노가 아닌 소리 {n}개" },
  "listener.no_note": "음 없음",
  "listener.last_note": "마지막 음: {name}",
  "listener.confidence": "확실한 정도",
  "listener.confidence_of": "신뢰도, 검출기 {letter}",
  "listener.keys": "울리는 건반, 각 건반의 신뢰도와 벨로시티",
  "listener.percent": "{percent}%",
  "listener.struck": "{percent}%, 벨로시티 {velocity}",
  "listener.cents_unknown": "센트 알 수 없음",
  "listener.in_tune": "{cents}센트, 맞음",
  "listener.sharp": "{cents}센트, 높음",
  "listener.flat": "{cents}센트, 낮음",
  "listener.also": "{name} (또는 {others})",
  "listener.no_chord": "이름 없는 화음",
  "listener.one_key": "건반 하나",
  "roll.title": "지난 10초",
  "roll.picture": "지난 10초의 피아노 롤",
  "roll.pedal": "페달",
  "roll.now": "지금",
  "roll.ago": "−{seconds}초",
  "spectrum.title": "스펙트럼: 주파수별 레벨",
  "spectrum.picture": "소리의 스펙트럼, A0부터 C8까지",
  "wave.title": "파형: 시간에 따른 진폭",
  "wave.picture": "소리의 파형",
  "wave.length": "{ms} ms",
  "prompt.play": "과제: {title}",
  "prompt.notes": "연주할 음",
  "prompt.symbol": "{symbol}: ",
  "prompt.wrong": "✗ 친 건반은 {heard}, 과제는 {asked}입니다. 다음 음을 쳐 주세요.",
  "prompt.octave": "✗ 친 건반은 {heard}, 과제는 {asked}입니다. 음이름은 맞지만 옥타브가 다릅니다. 다음 음을 쳐 주세요.",
  "prompt.again": "+ {heard}: 한 번 더 쳤습니다.",
  "prompt.extra": "+ {heard}: 과제는 이미 끝났습니다.",
  "takes.title": "테이크",
  "takes.kept": { other: "{name} · {seconds}초 · 음 {n}개 · 저장 위치 {folder}" },
  "takes.in_memory": { other: "{name} · {seconds}초 · 음 {n}개 · 저장하지 않음" },
  "takes.missing": "⚠ 소리 {seconds}초가 빠졌습니다",
  "takes.cut": "⚠ 응답이 없어 중간에 끊겼습니다",
  "takes.gone": "⚠ 응답이 없어 중간에 끊겼고, 소리는 여기에서 쓸 수 없습니다",
  "takes.take": "테이크 {name}",
  "takes.play": "재생",
  "takes.save": "저장",
  "takes.forget": "지우기",
  "takes.labels": "레이블",
  "labels.none": "레이블 없음",
  "labels.proposed": "레이블 제안됨",
  "labels.confirmed": "레이블 확인됨",
  "labels.region": "레이블",
  "labels.correct": "레이블 고치기",
  "labels.caption": "테이크 {name}: {state}",
  "labels.note": "음",
  "labels.begins": "시작(초)",
  "labels.lasts": "길이(초)",
  "labels.move": "옮기기",
  "labels.shift": "{ms} ms",
  "labels.pitch": { other: "건반 {step}" },
  "labels.add": "더하기",
  "labels.add_key": "더할 음",
  "labels.add_at": "시각(초)",
  "labels.delete": "삭제",
  "labels.one": "{name}, {seconds}초",
  "labels.confirm": "확인: 이대로 연주했습니다",
  "report.region": "맞고 틀린 음",
  "report.result": { other: "건반 {n}개 가운데 {right}개가 맞았고, 그중 {in_time}개는 박자도 맞았습니다" },
  "report.extra": { other: "더 친 건반 {n}개" },
  "report.lost": "⚠ 소리 {seconds}초가 빠졌습니다. 그동안 친 음은 듣지 못해 여기에 빠진 음으로 나올 수 있습니다.",
  "report.cut": "⚠ 이 테이크는 중간에 끊겼습니다. 그 뒤에 친 음은 듣지 못해 여기에 빠진 음으로 나올 수 있습니다.",
  "report.played": "연주한 음",
  "report.verdict": "판정",
  "report.asked": "과제",
  "report.heard": "들린 음",
  "report.at": "시각",
  "report.off_beat": "박자와의 차이",
  "report.seconds": "{seconds}초",
  "report.ms": "{ms} ms",
  "report.unknown": "–",
  "verdict.right": "✓ 맞음",
  "verdict.wrong": "✗ 틀림",
  "verdict.octave": "✗ 다른 옥타브",
  "verdict.missing": "○ 빠짐",
  "verdict.extra": "+ 더 침",
  "verdict.doubled": "+ 두 번 침",
  "verdict.perhaps": "? 함께 들린 듯함(실수 아님)",
  "verdict.late": "▸ 늦음",
  "verdict.early": "◂ 빠름",
  "scores.title": "듣는 방법마다 이 테이크를 얼마나 잘 들었는지",
  "scores.detector": "듣는 방법",
  "scores.precision": "알린 음 가운데 맞은 것",
  "scores.recall": "연주한 음 가운데 알린 것",
  "scores.onset_f1": "타건, 합쳐서",
  "scores.note_f1": "타건과 길이, 합쳐서",
  "scores.onset_bias": "늦게 알린 시간",
  note_names: "음이름",
  keep: "테이크를 디스크에 저장",
  flash: "음마다 페이지 가장자리 번쩍임",
  vibrate: "음마다 진동",
  vibrate_cannot: "진동(이 기기에서는 쓸 수 없음)",
  back: "마이크 소리 듣기",
  "back.warning": "⚠ 헤드폰을 써 주세요. 스피커 소리가 마이크로 들어가면 하울링이 생깁니다.",
  "back.sound": "마이크 소리",
  "back.off": "끔",
  "back.gain": "그대로",
  "back.band": "들린 음 주위만",
  "back.loud": "소리 크기",
  rate: "소리는 {sr} Hz로 들어옵니다.",
  choices: "더 보기: 검출기, 임계값, 유효한 음, 조율",
  "choices.detector": "검출기 {letter}",
  "choices.listens": "듣는 검출기",
  "choices.beside": "함께 듣는 검출기",
  "choices.none": "없음",
  "choices.cannot": "{name} ({reason})",
  "choices.threshold": "임계값",
  "choices.onset_threshold": "타건으로 인정할 신뢰도",
  "choices.n_confirm": "유효한 음으로 인정할 연속 프레임 수",
  "choices.parameters": "이 검출기의 매개변수",
  "choices.a4": "조율: A4의 주파수(Hz)",
  "log.title": "들린 음",
  "log.region": "들린 음 목록",
  "log.letter": "{letter} {line}",
  "log.note": "{name} · {seconds}초, 신뢰도 {percent}%",
  "log.note_cents": "{name} · {seconds}초, {cents}센트, 신뢰도 {percent}%",
  "log.chord": "{keys} · {seconds}초",
  "log.chord_named": "{keys} · {seconds}초: {name}",
  "log.gap": "{seconds}초: {ms} ms가 빠졌습니다",
  "log.said": "{name}: {keys}",
  "counts.heard": "{seconds}초 들음, {missing}초 빠짐, 건너뛴 소리 조각 {dropped}개",
  "counts.on_their_way": { other: "전송 중인 메시지 {n}개" },
  "counts.refused": "거절된 소리 조각 {n}개",
  "counts.lost": "사운드 카드가 놓친 소리 조각 {n}개",
  "counts.stopped": "소리 조각 {blocks}개, 빠진 표본 {missing}개, 건너뛴 조각 {dropped}개",
  "learn.title": "내 피아노 익히기",
  "learn.about": "요청하는 음을 몇 개 치면, 이 페이지가 피아노의 조율과 방에서의 세기에 맞추어 듣습니다.",
  "learn.begin": "내 피아노 익히기",
  "learn.again": "다시 익히기",
  "learn.skip": "이 음 건너뛰기",
  "learn.repeat": "앞의 음 다시 치기",
  "learn.give_up": "그만두기",
  "learn.forget": "이 피아노 잊기",
  "learn.number": "{of}개 중 {number}번째 음",
  "learn.working": "연주한 소리에서 익히고 있습니다. 몇 초 걸립니다.",
  "learn.in_use": "피아노를 익혔습니다. 다음 시작부터 이 피아노에 맞추어 듣습니다."
};

// spectrum.js
var SEEN = 8192;
var WAVE = 2048;
var LOWEST_HZ = 27.5;
var HIGHEST_HZ = 4400;
var FLOOR_DB = -100;
var MARKED_HZ = [55, 110, 220, 440, 880, 1760, 3520];
var OCTAVES = Math.log2(HIGHEST_HZ / LOWEST_HZ);
var FULL_SCALE_DB = 20 * Math.log10(0.42 / 2);
var place = (hz) => Math.log2(hz / LOWEST_HZ) / OCTAVES;
var hzAt = (share2) => LOWEST_HZ * 2 ** (share2 * OCTAVES);
function levelsAcross(bins, sr, width) {
  const step = sr / (2 * bins.length);
  const bin = (x) => Math.round(hzAt(x / width) / step);
  return Array.from({ length: width + 1 }, (_, x) => {
    let level = FLOOR_DB;
    for (let i = bin(x); i <= bin(x + 1); i++) level = Math.max(level, (bins[i] ?? -Infinity) - FULL_SCALE_DB);
    return Math.min(0, level);
  });
}
function waveAcross(samples, width) {
  const first = samples.length - WAVE;
  return Array.from({ length: width + 1 }, (_, x) => {
    const y = samples[first + Math.floor(x / (width + 1) * WAVE)];
    return Math.max(-1, Math.min(1, y));
  });
}
function floats(view) {
  const pcm = new Int16Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
  return Float32Array.from(pcm, (x) => x / 32768);
}

// troubles.js
var UNANSWERED = ["silent", "offline", "busy", "busy_page", "frozen", "frozen_page", "reopened"];
var OF_MICROPHONE = ["muted", "suspended", "zeros", "slow"];
var CAPTURE_ERRORS = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "nodevice",
  OverconstrainedError: "gone",
  NotReadableError: "inuse",
  AbortError: "inuse"
};
var captureCode = (error) => CAPTURE_ERRORS[error.name] ?? "other";
var Trouble = class extends Error {
  constructor(code, detail = "") {
    super(detail || code);
    this.code = code;
    this.detail = detail;
  }
};
var Troubles = class {
  constructor() {
    this.now = /* @__PURE__ */ new Map();
  }
  add(code, more = null) {
    this.now.set(code, more);
  }
  /** Returns whether there was anything to clear. */
  clear(...codes) {
    return codes.map((code) => this.now.delete(code)).some(Boolean);
  }
  clearAll() {
    this.now.clear();
  }
  has(code) {
    return this.now.has(code);
  }
};

// capture.js
var PROCESSING = ["echoCancellation", "noiseSuppression", "autoGainControl"];
var CLEAN = { ...Object.fromEntries(PROCESSING.map((name) => [name, false])), channelCount: 1 };
var LAST_BLOCK_MS = 300;
var BAND_Q = 8;
var RESUME_MS = 3e3;
var OPEN_MS = 7e3;
var GLIDE_S = 0.02;
function within(promise, ms, code, late = () => {
}) {
  return new Promise((resolve, reject) => {
    let over = false;
    const timer = setTimeout(() => {
      over = true;
      reject(new Trouble(code));
    }, Math.max(0, ms));
    const settled = (settle, value) => {
      clearTimeout(timer);
      if (over) late(value);
      else settle(value);
    };
    promise.then((value) => settled(resolve, value), (error) => settled(reject, error));
  });
}
async function whenMended(code, mended) {
  const media = navigator.mediaDevices;
  if (["denied", "unplugged"].includes(code)) {
    const permission = await navigator.permissions?.query({ name: "microphone" }).catch(() => null);
    permission?.addEventListener("change", () => {
      if (permission.state !== "denied") mended();
    });
  }
  if (!["nodevice", "gone", "unplugged"].includes(code)) return;
  const look = async () => {
    if (!(await media.enumerateDevices()).some(({ kind }) => kind === "audioinput")) return;
    media.removeEventListener("devicechange", look);
    mended();
  };
  media?.addEventListener?.("devicechange", look);
}
var Capture = class {
  /**
   * @param {string} worklet The text of worklet.js.
   * @param {function({frame: number, pcm: ArrayBuffer, n: number, lateMs: number}): void} onBlock
   * @param {function(string, string=): void} onTrouble A code that begins, and one that ends.
   */
  constructor(worklet, onBlock, onTrouble) {
    Object.assign(this, { worklet, onBlock, onTrouble });
  }
  /**
   * Ask for the microphone.
   * @returns {Promise<Object|undefined>} Its rate, its name, and what of the browser's processing stayed on.
   * @throws {Trouble} With what went wrong.
   */
  async open(deviceId) {
    if (!navigator.mediaDevices?.getUserMedia) throw new Trouble("insecure");
    const deadline = performance.now() + OPEN_MS;
    this.context = new AudioContext();
    await within(this.context.resume(), RESUME_MS, "nosound");
    const audio = deviceId ? { ...CLEAN, deviceId: { exact: deviceId } } : CLEAN;
    try {
      const asked = navigator.mediaDevices.getUserMedia({ audio, video: false });
      this.media = await within(asked, deadline - performance.now(), "unanswered", (media) => this.late(media));
    } catch (error) {
      if (error instanceof Trouble) throw error;
      const code = captureCode(error);
      this.watchFor(code);
      throw new Trouble(code, `${error.name}: ${error.message}`);
    }
    if (!this.context) return this.close();
    const [track] = this.media.getAudioTracks();
    this.watch(track);
    await within(this.addModule(), deadline - performance.now(), "worklet");
    if (!this.context) return this.close();
    const got = track.getSettings();
    const processing = PROCESSING.filter((name) => got[name]);
    return { sr: this.context.sampleRate, label: track.label, processing, channels: got.channelCount ?? null };
  }
  /** The player answered after nobody waited any more: that microphone is let go. */
  late(media) {
    for (const track of media.getTracks?.() ?? []) track.stop();
    this.onTrouble("", "unanswered");
  }
  watchFor(code) {
    whenMended(code, () => this.onTrouble("", code));
  }
  watch(track) {
    track.addEventListener("ended", () => {
      this.onTrouble("unplugged");
      this.watchFor("unplugged");
    });
    track.addEventListener("mute", () => this.onTrouble("muted"));
    track.addEventListener("unmute", () => this.onTrouble("", "muted"));
    this.context.addEventListener("statechange", () => {
      if (!this.context) return;
      if (this.context.state === "running") this.onTrouble("", "suspended");
      else if (this.context.state !== "closed") this.onTrouble("suspended");
    });
  }
  // Some policies for pages forbid blob: and allow data:, others the other way round.
  async addModule() {
    const blob = URL.createObjectURL(new Blob([this.worklet], { type: "text/javascript" }));
    const { audioWorklet } = this.context;
    try {
      await audioWorklet.addModule(blob).catch(() => audioWorklet.addModule(`data:text/javascript,${encodeURIComponent(this.worklet)}`));
    } catch (error) {
      if (this.context) throw new Trouble("worklet", String(error));
    } finally {
      URL.revokeObjectURL(blob);
    }
  }
  /** Let the blocks come, each of so many samples. */
  run(block) {
    this.source = this.context.createMediaStreamSource(this.media);
    this.node = new AudioWorkletNode(this.context, "pianolab-blocks", {
      numberOfOutputs: 0,
      channelCount: 1,
      channelCountMode: "explicit",
      processorOptions: { block }
    });
    this.node.onprocessorerror = () => this.onTrouble("processor");
    this.node.port.onmessage = ({ data: { ended, at, ...given } }) => {
      if (ended) this.ended?.();
      else this.onBlock({ ...given, lateMs: Math.max(0, Date.now() - at) });
    };
    this.analyser = new AnalyserNode(this.context, { fftSize: SEEN, smoothingTimeConstant: 0 });
    this.recentSound = { samples: new Float32Array(SEEN), bins: new Float32Array(SEEN / 2) };
    this.source.connect(this.node);
    this.source.connect(this.analyser);
  }
  /** The last samples and their levels, for the pictures. */
  recent() {
    if (!this.analyser) return null;
    this.analyser.getFloatTimeDomainData(this.recentSound.samples);
    this.analyser.getFloatFrequencyData(this.recentSound.bins);
    return this.recentSound;
  }
  /** The sound back: `off`, `gain` (as it is) or `band` (only around a frequency). */
  monitor(mode, volume, hz) {
    if (!this.source) return;
    if (this.back && this.back.mode !== mode) this.endMonitor();
    if (mode === "off") return;
    this.back ??= this.beginMonitor(mode, hz);
    const now = this.context.currentTime;
    this.back.gain.gain.setTargetAtTime(volume, now, GLIDE_S);
    if (mode === "band" && hz) this.back.first.frequency.setTargetAtTime(hz, now, GLIDE_S);
  }
  beginMonitor(mode, hz) {
    const gain = new GainNode(this.context, { gain: 0 });
    const first = mode === "band" ? new BiquadFilterNode(this.context, { type: "bandpass", Q: BAND_Q, frequency: hz || 440 }) : gain;
    if (first !== gain) first.connect(gain);
    this.source.connect(first);
    gain.connect(this.context.destination);
    return { mode, first, gain };
  }
  endMonitor() {
    this.source.disconnect(this.back.first);
    this.back.first.disconnect();
    this.back.gain.disconnect();
    this.back = null;
  }
  /** The last samples, then no more. */
  async finish() {
    if (!this.node) return;
    const last = new Promise((resolve) => {
      this.ended = resolve;
    });
    this.node.port.postMessage("end");
    await Promise.race([last, new Promise((resolve) => setTimeout(resolve, LAST_BLOCK_MS))]);
  }
  /** Let go of the microphone at once. */
  close() {
    const { media, context } = this;
    this.media = this.context = this.node = this.source = this.analyser = this.back = null;
    for (const track of media?.getTracks() ?? []) track.stop();
    if (context && context.state !== "closed") context.close().catch(() => {
    });
  }
};

// source.js
var ENDED = ["restarting", "autorestarting", "terminating", "dead"];
var KernelSource = class {
  constructor(model, place2 = "lab") {
    Object.assign(this, { model, place: place2 });
    this.onmessage = null;
    this.received = (content, buffers) => this.onmessage?.(content, buffers);
    model.on("msg:custom", this.received);
  }
  cause() {
    const { status, connectionStatus = "connected" } = this.model.widget_manager?.kernel ?? {};
    if (ENDED.includes(status)) return "restarted";
    if (connectionStatus !== "connected") return "offline";
    return ["busy", "idle"].includes(status) ? status : "";
  }
  send(message, buffer) {
    try {
      this.model.send(message, void 0, buffer ? [buffer] : []);
      return true;
    } catch {
      return false;
    }
  }
  close() {
    this.model.off("msg:custom", this.received);
  }
};

// texts.js
var DEFAULT_LANGUAGE = "en";
var STORED = "pianolab-language";
function fill(catalogue, key, values = {}) {
  const entry = catalogue[key];
  if (entry === void 0) throw new Error(`the catalogue has no text ${key}`);
  const text = typeof entry === "string" ? entry : values.n === 1 && entry.one || entry.other;
  return text.replace(/\{(\w+)\}/g, (_, name) => {
    if (values[name] === void 0) throw new Error(`the text ${key} needs a value for ${name}`);
    return values[name];
  });
}
var Texts = class {
  /** @param {Object<string, Object>} catalogues Texts of each language. */
  constructor(catalogues, language = DEFAULT_LANGUAGE) {
    this.catalogues = catalogues;
    this.language = DEFAULT_LANGUAGE;
    this.use(language);
    this.say = (key, values) => fill(this.catalogues[this.language], key, values);
  }
  knows(language) {
    return Object.hasOwn(this.catalogues, language);
  }
  /** Speak another language; one that the catalogue lacks changes nothing. */
  use(language) {
    if (this.knows(language)) this.language = language;
  }
};
function storedLanguage(storage, texts) {
  try {
    const stored = storage().getItem(STORED);
    return texts.knows(stored) ? stored : null;
  } catch {
    return null;
  }
}
function storeLanguage(storage, language) {
  try {
    storage().setItem(STORED, language);
  } catch {
  }
}

// dom.js
var count = 0;
var uniqueId = () => `pianolab-${++count}-${Math.random().toString(36).slice(2, 8)}`;
var calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
var textNode = (text) => {
  const node = document.createTextNode("");
  node.say = text;
  node.reword = () => {
    const now = node.say();
    if (node.data !== now) node.data = now;
  };
  node.reword();
  return node;
};
var child = (given) => typeof given === "function" ? textNode(given) : given;
function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (typeof value === "function") wordAttribute(node, name, value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.map(child));
  return node;
}
function wordAttribute(node, name, text) {
  const set2 = () => {
    const now = text();
    if (node.getAttribute(name) !== now) node.setAttribute(name, now);
  };
  node.attributesToReword = { ...node.attributesToReword, [name]: set2 };
  node.reword = () => Object.values(node.attributesToReword).forEach((again) => again());
  set2();
}
function word(node, text) {
  if (node.childNodes.length === 1 && node.firstChild.say) {
    node.firstChild.say = text;
    node.firstChild.reword();
  } else node.replaceChildren(textNode(text));
}
function reword(root) {
  root.reword?.();
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) walker.currentNode.reword?.();
}
function heldFocus(node) {
  const active = node?.getRootNode().activeElement;
  if (!active || !node.contains(active)) return () => {
  };
  const alike = (place2) => [...place2.querySelectorAll([active.localName, ...active.classList].join("."))];
  const at = alike(node).indexOf(active);
  return (place2) => {
    const found = alike(place2);
    (found[Math.min(at, found.length - 1)] ?? place2.querySelector("button"))?.focus();
  };
}
function labelled(text, field) {
  field.id ||= uniqueId();
  return h("p", {}, h("label", { for: field.id }, text), " ", field);
}
function tick(text, name) {
  const input = h("input", { type: "checkbox", id: uniqueId(), class: name, role: "switch" });
  const label = h("label", { for: input.id }, text);
  return { input, label, node: h("p", {}, input, " ", label) };
}
function table(caption, head, rows) {
  return h(
    "table",
    {},
    h("caption", {}, caption),
    h("thead", {}, h("tr", {}, ...head.map((text) => h("th", { scope: "col" }, text)))),
    h("tbody", {}, ...rows.map((cells) => h("tr", {}, ...cells.map((cell) => h("td", {}, cell)))))
  );
}
function fitted(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = canvas;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.textAlign = "left";
  return [pen, width, height];
}

// alerts.js
var Alerts = class {
  constructor({ say }) {
    this.say = say;
    this.node = h("div", { class: "pl-alerts", role: "alert" });
  }
  /** @param {import("./troubles.js").Troubles} troubles */
  show(troubles) {
    const { say } = this;
    this.node.replaceChildren(...[...troubles.now].map(([code, more]) => h(
      "p",
      { class: "pl-alert" },
      h("strong", {}, "⚠ ", () => say(`trouble.${code}.what`)),
      () => [more?.(say), say(`trouble.${code}.remedy`)].filter(Boolean).join(" ")
    )));
  }
};

// asks.js
var Asks = class {
  /** @param {function(string): void} onChoice Is called with the name of what to play, or "". */
  constructor({ say }, onChoice) {
    const nothing = h("option", { value: "" }, () => say("asks.nothing"));
    this.select = h("select", { id: uniqueId(), class: "pl-ask", onchange: () => onChoice(this.select.value) }, nothing);
    const label = h("label", { for: this.select.id }, () => say("asks.title"));
    this.node = h("span", { class: "pl-field", hidden: true }, label, " ", this.select);
  }
  /** Offer these, AskEntry of pianolab/live/messages.py; the same in another language leave the choice where it is. */
  offer(asks, chosen = this.select.value) {
    this.node.hidden = !asks.length;
    this.select.replaceChildren(this.select.firstChild, ...asks.map(({ name, label }) => h("option", { value: name }, label)));
    this.select.value = chosen;
  }
  /** What is played now cannot be changed while it is played. */
  show({ state }) {
    this.select.disabled = state !== "ready";
  }
};

// piano.js
var LOW = 21;
var KEYS = 88;
var WIDTH = 1040;
var WHITE = { w: 20, h: 130 };
var BLACK = { w: 12, h: 84 };
var BLACK_STEPS = [1, 3, 6, 8, 10];
var MIDIS = Array.from({ length: KEYS }, (_, i) => LOW + i);
var isBlack = (midi) => BLACK_STEPS.includes(midi % 12);
var WHITES_BELOW = new Map(MIDIS.map((midi, i) => [midi, MIDIS.slice(0, i).filter((m) => !isBlack(m)).length]));
function keyBox(midi) {
  const left = WHITES_BELOW.get(midi) * WHITE.w;
  return isBlack(midi) ? { x: left - BLACK.w / 2, ...BLACK } : { x: left, ...WHITE };
}
function keyCentre(midi) {
  const { x, w } = keyBox(midi);
  return (x + w / 2) / WIDTH;
}
var STRIP = { top: WHITE.h + 4, height: 16, bar: 8 };
function levelBar(midi, strength) {
  const height = STRIP.height * Math.min(1, Math.max(0, strength));
  return { x: keyCentre(midi) * WIDTH - STRIP.bar / 2, y: STRIP.top + STRIP.height - height, height };
}
function pinRows(edges2, gap = 3) {
  const ends = [];
  return edges2.map(({ left, right }) => {
    let row = ends.findIndex((end) => end + gap < left);
    if (row < 0) row = ends.length;
    ends[row] = right;
    return row;
  });
}
var OCTAVES2 = MIDIS.filter((midi) => midi % 12 === 0);
var keyHz = (midi, a4Hz = 440) => a4Hz * 2 ** ((midi - 69) / 12);
var Names = class {
  constructor() {
    this.style = "C4";
    this.tables = { C4: ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"] };
    this.of = (midi) => `${this.tables[this.style][midi % 12]}${Math.floor(midi / 12) - 1}`;
  }
  /** Use the kernel's tables; a style that they lack becomes the first of them. */
  learn(tables) {
    this.tables = tables;
    if (!(this.style in tables)) [this.style] = Object.keys(tables);
  }
  /** The first letters of a style, as the player chooses it. */
  sample(style) {
    return [0, 2, 4].map((step) => `${this.tables[style][step]}4`).join(", ");
  }
};
var signed = (x, digits = 0) => {
  const size = Math.abs(x).toFixed(digits);
  return (x < 0 && Number(size) ? "−" : "+") + size;
};

// context.js
var LETTERS = ["A", "B"];
var Context = class {
  /** @param {import("./texts.js").Texts} texts */
  constructor(texts) {
    this.texts = texts;
    this.say = texts.say;
    this.names = new Names();
    this.root = null;
  }
  /** The colours that the style sheet gives to the theme of today. */
  colours() {
    const css = getComputedStyle(this.root);
    const of = (name) => css.getPropertyValue(`--pl-${name}`).trim();
    return { text: of("text"), line: of("line"), a: of("a"), b: of("b") };
  }
};

// choices.js
var SETTLE_MS = 150;
var REASON_LENGTH = 60;
var SLIDERS = {
  threshold: { min: 0.02, max: 1, step: 0.02, suits: () => true },
  onset_threshold: { min: 0.02, max: 1, step: 0.02, suits: (entry) => entry.polyphonic },
  n_confirm: { min: 1, max: 20, step: 1, suits: (entry) => !entry.polyphonic }
};
var fresh = (detector) => ({ detector, params: {}, tracking: {} });
var Choices = class {
  /** @param {function(Object[]): void} onChange Is called with the choices, as ChoiceFields of pianolab/live/messages.py. */
  constructor({ say }, onChange) {
    this.say = say;
    this.onChange = onChange;
    this.menu = [];
    this.a4 = h("input", { type: "number", min: 390, max: 470, step: 0.5, value: 440 });
    this.a4.addEventListener("change", () => this.changed());
    this.groups = h("div");
    this.rate = h("p", { class: "pl-small pl-rate" });
    this.node = h("div", { class: "pl-choices" }, this.groups, labelled(() => say("choices.a4"), this.a4), this.rate);
  }
  /** At which rate the sound comes, once some has come. */
  show({ sr }) {
    word(this.rate, () => sr ? this.say("rate", { sr }) : "");
  }
  get a4Hz() {
    return Number(this.a4.value) || 440;
  }
  /** Show these choices out of this menu. */
  offer(menu, choices) {
    this.menu = menu;
    this.accept(choices);
    this.restore();
  }
  /** The kernel listens with these choices. */
  accept(choices) {
    this.accepted = choices;
  }
  /** Show the choices with which the kernel listens: what it refused would be refused with every later change again. */
  restore() {
    const [first, second] = structuredClone(this.accepted);
    this.a4.value = first.a4_hz;
    this.chosen = [first, second ?? null];
    this.build();
  }
  /** The same in the words of another language. */
  translate(menu) {
    this.menu = menu;
    this.build();
  }
  entry(name) {
    return this.menu.find((entry) => entry.name === name);
  }
  polyphonic(name) {
    return Boolean(this.entry(name)?.polyphonic);
  }
  /** The first detector is another one. */
  use(name) {
    this.chosen[0] = fresh(name);
    this.build();
    this.changed();
  }
  value() {
    return this.chosen.filter(Boolean).map(({ detector, params, tracking }) => ({ detector, params, tracking, a4_hz: this.a4Hz }));
  }
  changed() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.onChange(this.value()), SETTLE_MS);
  }
  build() {
    const resume = heldFocus(this.groups);
    const opened = [...this.groups.querySelectorAll("details")].map(({ open }) => open);
    this.groups.replaceChildren(...LETTERS.map((letter, i) => this.group(letter, i)));
    this.groups.querySelectorAll("details").forEach((details, i) => {
      details.open = Boolean(opened[i]);
    });
    resume(this.groups);
  }
  group(letter, i) {
    const choice = this.chosen[i];
    const name = `pl-detector-${letter.toLowerCase()}`;
    const none = i ? [h("option", { value: "" }, () => this.say("choices.none"))] : [];
    const select = h("select", { class: name }, ...none, ...this.menu.map((entry2) => this.option(entry2, choice)));
    select.addEventListener("change", () => {
      this.chosen[i] = select.value ? fresh(select.value) : null;
      this.changed();
      this.build();
    });
    const box = h(
      "fieldset",
      {},
      h("legend", {}, () => this.say("choices.detector", { letter })),
      labelled(() => this.say(i ? "choices.beside" : "choices.listens"), select)
    );
    const entry = choice && this.entry(choice.detector);
    if (entry) box.append(...this.settings(entry, choice));
    return box;
  }
  option({ name, reason }, choice) {
    const text = () => reason ? this.say("choices.cannot", { name, reason: reason.slice(0, REASON_LENGTH) }) : name;
    return h("option", { value: name, disabled: Boolean(reason), selected: choice?.detector === name }, text);
  }
  settings(entry, choice) {
    const sliders = Object.entries(SLIDERS).filter(([, { suits }]) => suits(entry));
    const parameters = entry.parameters.map((parameter) => this.parameter(choice, parameter));
    const more = parameters.length ? [h("details", {}, h("summary", {}, () => this.say("choices.parameters")), ...parameters)] : [];
    return [
      h("p", { class: "pl-summary" }, entry.summary),
      ...sliders.map(([name, range]) => this.slider(entry, choice, name, range)),
      ...more
    ];
  }
  slider(entry, choice, name, { min, max, step }) {
    const value = choice.tracking[name] ?? entry[name];
    const input = h("input", { type: "range", min, max, step, value, id: uniqueId(), class: `pl-${name}` });
    const shown = h("output", { for: input.id }, String(value));
    input.addEventListener("input", () => word(shown, () => input.value));
    input.addEventListener("change", () => {
      choice.tracking = { ...choice.tracking, [name]: Number(input.value) };
      this.changed();
    });
    const row = labelled(() => this.say(`choices.${name}`), input);
    row.append(shown);
    return row;
  }
  parameter(choice, parameter) {
    const { name, kind, choices } = parameter;
    const input = this.field(parameter, choice.params[name] ?? parameter.default);
    input.addEventListener("change", () => {
      const text = kind === "str" || choices.length;
      const { [name]: _, ...others } = choice.params;
      const value = kind === "bool" ? input.checked : text ? input.value : Number(input.value);
      const empty = kind !== "bool" && input.value === "";
      choice.params = empty ? others : { ...others, [name]: value };
      this.changed();
    });
    return labelled(() => parameter.label, input);
  }
  field({ kind, choices, least, most }, value) {
    if (choices.length) {
      const selected = (one) => String(one) === String(value);
      return h("select", {}, ...choices.map((one) => h("option", { value: one, selected: selected(one) }, String(one))));
    }
    if (kind === "bool") return h("input", { type: "checkbox", checked: Boolean(value) });
    return h("input", { type: "number", min: least, max: most, step: kind === "int" ? 1 : "any", value: value ?? "" });
  }
};

// controls.js
var FLOOR_DB2 = -80;
var SILENT_DB = -100;
var HOLD = 0.985;
var FULL = 0.999;
var CLIP_MS = 2e3;
var share = (db) => `${Math.max(0, Math.min(100, 100 * (db - FLOOR_DB2) / -FLOOR_DB2))}%`;
var Controls = class {
  /** @param {function(): void} onPress Start or Stop was pressed. */
  constructor({ say }, onPress) {
    this.say = say;
    this.button = h("button", { type: "button", class: "pl-start", "aria-disabled": "true", onclick: onPress });
    this.sign = h("span", { class: "pl-sign" });
    this.input = h("select", { id: uniqueId(), class: "pl-source" }, h("option", { value: "" }, () => say("browser_microphone")));
    this.level = h("div", { class: "pl-fill" });
    this.held = h("div", { class: "pl-held" });
    const range = { "aria-valuemin": FLOOR_DB2, "aria-valuemax": 0, "aria-valuenow": FLOOR_DB2 };
    const meter = { class: "pl-bar pl-level", role: "meter", "aria-label": () => say("loudness_meter"), ...range };
    this.meter = h("div", meter, this.level, this.held);
    this.loud = h("span", { class: "pl-loud" }, () => say("silent"));
    this.clip = h("strong", { class: "pl-clip", hidden: true }, "▲ ", () => say("clipping"));
    this.node = h(
      "header",
      {},
      this.button,
      this.sign,
      h(
        "div",
        { class: "pl-loudness" },
        h("span", { class: "pl-loudness-title" }, () => say("loudness")),
        this.meter,
        this.loud,
        this.clip
      )
    );
    this.field = h("span", { class: "pl-field" }, h("label", { for: this.input.id }, () => say("input")), " ", this.input);
    this.quiet();
  }
  /** Show how the session stands. */
  show({ state, on, from }) {
    word(this.button, () => this.say(on ? "stop" : "start"));
    this.button.setAttribute("aria-disabled", !["ready", "running"].includes(state));
    this.input.disabled = state !== "ready";
    word(this.sign, () => on ? `● ${this.say(from ? "listening" : "microphone_on")}` : this.say("microphone_off"));
    this.sign.classList.toggle("pl-on", on);
  }
  /** What the player has chosen to hear: one of the kernel's sources, or a microphone of this browser. */
  get chosen() {
    const option = this.input.selectedOptions[0];
    const deviceId = option?.dataset.device ?? null;
    return { from: deviceId ? "" : option?.value ?? "", deviceId };
  }
  /** Offer the kernel's own sources; the same in another language leave the player's choice where it is. */
  offerSources(sources) {
    const chosen = this.input.selectedIndex;
    for (const option of [...this.input.options]) if (option.value && !option.dataset.device) option.remove();
    this.input.append(...sources.map(({ name, label }) => h("option", { value: name }, label)));
    this.input.selectedIndex = Math.min(chosen, this.input.options.length - 1);
  }
  /** Offer the browser's microphones; it names them only once one was allowed. */
  async offerDevices() {
    const all = await navigator.mediaDevices?.enumerateDevices?.() ?? [];
    const devices = all.filter(({ kind, deviceId, label }) => kind === "audioinput" && deviceId && label);
    const chosen = this.input.value;
    for (const option of [...this.input.options]) if (option.dataset.device) option.remove();
    const options = devices.map(({ deviceId, label }) => h("option", { value: `device:${deviceId}`, "data-device": deviceId }, label));
    this.input.options[0].after(...options);
    if ([...this.input.options].some(({ value }) => value === chosen)) this.input.value = chosen;
  }
  quiet() {
    this.top = 0;
    this.loudness(-120, 0);
  }
  /** @param {number} level Of the last block, dBFS. @param {number} peak Its loudest sample. */
  loudness(level, peak) {
    this.level.style.width = share(level);
    this.top = Math.max(peak, this.top * HOLD);
    this.held.style.left = share(20 * Math.log10(Math.max(this.top, 1e-5)));
    word(this.loud, level <= SILENT_DB ? () => this.say("silent") : () => this.say("level", { db: `${Math.round(level)}`.replace("-", "−") }));
    this.meter.setAttribute("aria-valuenow", Math.round(Math.max(FLOOR_DB2, level)));
    if (peak >= FULL) this.clipped = performance.now();
    this.clip.hidden = !(performance.now() - this.clipped < CLIP_MS);
  }
};

// counts.js
var COUNT_MS = 500;
var Counts = class {
  /** @param {import("./session.js").Session} session */
  constructor({ say }, session) {
    Object.assign(this, { say, session });
    this.node = h("p", { class: "pl-small pl-counts" });
  }
  clear() {
    this.node.replaceChildren();
  }
  /** While a stream runs: Heard of pianolab/live/messages.py. */
  heard({ seconds, missing_s: missing, refused, lost }) {
    const now = performance.now();
    if (now - this.countedAt < COUNT_MS) return;
    this.countedAt = now;
    const { dropped, onTheWay } = this.session.link;
    const n = onTheWay.size;
    const values = { seconds: seconds.toFixed(1), missing: missing.toFixed(2), dropped };
    word(this.node, () => [
      this.say("counts.heard", values),
      refused ? this.say("counts.refused", { n: refused }) : "",
      lost ? this.say("counts.lost", { n: lost }) : "",
      this.session.from ? "" : this.say("counts.on_their_way", { n })
    ].filter(Boolean).join(", "));
  }
  /** At the end: the counts of Stopped. */
  stopped({ blocks, missing }) {
    const { dropped } = this.session.link;
    word(this.node, () => this.say("counts.stopped", { blocks, missing, dropped }));
  }
};

// languages.js
var Languages = class {
  /** @param {function(string): void} onChoice */
  constructor({ say, texts }, onChoice) {
    this.texts = texts;
    this.select = h("select", { id: uniqueId(), class: "pl-language", onchange: () => onChoice(this.select.value) });
    this.node = h("span", { class: "pl-field" }, h("label", { for: this.select.id }, () => say("language")), " ", this.select);
  }
  /** Offer those languages of the kernel that the page speaks. */
  offer(languages) {
    const known = Object.entries(languages).filter(([language]) => this.texts.knows(language));
    this.select.replaceChildren(...known.map(([language, name]) => h("option", { value: language, lang: language }, name)));
    this.show();
  }
  show() {
    this.select.value = this.texts.language;
  }
};

// learn.js
var LOOK_MS = 500;
function buttonsOf({ state, in_use: inUse }) {
  if (state === "learning") return [];
  if (state === "quiet") return ["give_up"];
  if (state === "asking" || state === "done") return ["skip", "repeat", "give_up"];
  return inUse ? ["again", "forget"] : ["begin"];
}
var Learn = class {
  /**
   * @param {function(Object): void} send
   * @param {function(): void} start Let the microphone run, if it does not yet.
   */
  constructor({ say }, send, start) {
    Object.assign(this, { say, send, start });
    this.now = { state: "idle", number: 0, of: 0, prompt: "", heard: "", report: [], in_use: false, problem: "" };
    this.prompt = h("p", { class: "pl-learn-prompt", role: "status" });
    this.heard = h("p", { class: "pl-learn-heard", role: "status" });
    this.buttons = h("p", { class: "pl-learn-buttons" });
    this.report = h("ul", { class: "pl-learn-report" });
    this.about = h("p", { class: "pl-small" }, () => say("learn.about"));
    this.node = h(
      "details",
      { class: "pl-learn" },
      h("summary", {}, () => say("learn.title")),
      this.about,
      this.prompt,
      this.heard,
      this.buttons,
      this.report
    );
    this.shownButtons = "";
  }
  /** @param {Object} now LearningFields of pianolab/live/messages.py. */
  show(now) {
    const { state } = this.now;
    this.now = now;
    if (now.state === "learning" && state !== "learning") this.look();
    this.draw();
  }
  /** Ask until the piano is learnt; while the microphone runs the answers to its blocks tell it as well. */
  look() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      if (this.now.state !== "learning") return;
      this.send({ type: "learn", what: "show" });
      this.look();
    }, LOOK_MS);
  }
  draw() {
    const { state, number, of, prompt, heard, report, in_use: inUse, problem } = this.now;
    if (state !== "idle") this.node.open = true;
    const place2 = of ? () => `${this.say("learn.number", { number: Math.min(number + 1, of), of })} · ` : () => "";
    const idle = inUse ? () => this.say("learn.in_use") : () => "";
    word(this.prompt, state === "learning" ? () => this.say("learn.working") : state === "idle" ? idle : () => `${place2()}${prompt}`);
    word(this.heard, () => problem ? `⚠ ${problem}` : heard);
    this.report.replaceChildren(...report.map((line2) => h("li", {}, line2)));
    const names = buttonsOf(this.now);
    if (names.join() === this.shownButtons) return;
    this.shownButtons = names.join();
    this.buttons.replaceChildren(...names.map((name) => this.button(name)));
  }
  button(name) {
    const attributes = { type: "button", class: `pl-learn-${name}`, onclick: () => this.act(name) };
    return h("button", attributes, () => this.say(`learn.${name}`));
  }
  act(name) {
    const begins = name === "begin" || name === "again";
    this.send({ type: "learn", what: begins ? "begin" : name });
    if (begins) this.start();
  }
  close() {
    clearTimeout(this.timer);
  }
};

// heard.js
function chordWords({ texts, language }, { names, texts: { language: now } }) {
  const { symbol, spoken, keys } = texts[names.style];
  if (language === now) return { symbol, spoken, keys };
  return { symbol: symbol === spoken ? "" : symbol, spoken: "", keys };
}
var Heard = class {
  /** @param {{names: import("./piano.js").Names, texts: import("./texts.js").Texts}} context */
  constructor(context) {
    this.context = context;
    this.open = /* @__PURE__ */ new Map();
    this.clear();
  }
  clear() {
    this.open.clear();
    this.last = this.chord = null;
  }
  /** All keys are let go; the last note is remembered. */
  end() {
    this.open.clear();
    this.chord = null;
  }
  /** An event of the kernel; see pianolab/live/messages.py. */
  take(event) {
    if (event.kind === "pedal") return;
    if (event.kind === "chord") this.chord = event;
    else if (event.kind === "off") this.open.delete(event.note);
    else this.open.set(event.note, event.midi);
    if (event.kind === "on") this.last = event;
  }
  /** The keys that sound, each once, from the lowest. */
  get keys() {
    return [...new Set(this.open.values())].sort((a, b) => a - b);
  }
  get silent() {
    return !this.open.size && !this.chord?.midi.length;
  }
  /** What the last settled keys are called, in the player's note names. */
  get words() {
    return this.chord ? chordWords(this.chord, this.context) : { symbol: "", spoken: "", keys: [] };
  }
  /** The name of a key, spelt as in the chord that sounds. */
  nameOf(midi) {
    const at = this.chord?.midi.indexOf(midi) ?? -1;
    return at < 0 ? this.context.names.of(midi) : this.words.keys[at];
  }
  /**
   * What is told of many keys at once.
   * @returns {{large: string, spoken: string, others: string[], n: number}} The large name: that of a chord, or its
   *   keys, for an interval stands beside its two keys.
   */
  summary() {
    const { symbol, spoken } = this.words;
    const names = this.keys.map((midi) => this.nameOf(midi));
    const large = symbol && symbol !== spoken ? symbol : names.join(" ") || symbol;
    return { large, spoken, others: this.chord?.others ?? [], n: names.length };
  }
};

// keyboard.js
var PIN_ROW_PX = 28;
var MARKED_MS = 700;
var LIT_WIDER = 5;
var SVG = "http://www.w3.org/2000/svg";
var set = (node, attributes) => Object.entries(attributes).forEach(([name, value]) => node.setAttribute(name, value));
var shape = (parent, kind, attributes) => {
  const node = document.createElementNS(SVG, kind);
  set(node, attributes);
  parent.append(node);
  return node;
};
var stand = (pin, midi) => {
  pin.style.left = `${100 * keyCentre(midi)}%`;
  pin.style.setProperty("--shift", `${-100 * Math.min(0.9, Math.max(0.1, keyCentre(midi)))}%`);
};
var edges = (midi, lit = false) => {
  const { x, w } = keyBox(midi);
  const wider = lit && isBlack(midi) ? LIT_WIDER : -0.75;
  return { x: x - wider, width: w + 2 * wider };
};
var Keyboard = class {
  constructor({ say, names }) {
    this.say = say;
    this.names = names;
    this.keys = /* @__PURE__ */ new Map();
    this.levels = /* @__PURE__ */ new Map();
    const svg = document.createElementNS(SVG, "svg");
    set(svg, { viewBox: `0 0 ${WIDTH} ${STRIP.top + STRIP.height}`, preserveAspectRatio: "none", "aria-hidden": "true" });
    for (const midi of [...MIDIS.filter((m) => !isBlack(m)), ...MIDIS.filter(isBlack)]) {
      const { h: height } = keyBox(midi);
      this.keys.set(midi, shape(svg, "rect", { ...edges(midi), y: 1, height, class: isBlack(midi) ? "black" : "white" }));
      this.levels.set(midi, shape(svg, "rect", { ...levelBar(midi, 0), width: STRIP.bar, class: "level" }));
    }
    this.asked = h("span", { class: "pl-pin pl-asked", hidden: true });
    this.pins = h("div", { class: "pl-pins", "aria-hidden": "true" });
    this.octaves = h("div", { class: "pl-octaves", "aria-hidden": "true" });
    this.rows = 1;
    this.node = h(
      "div",
      { class: "pl-keyboard", role: "img", "aria-label": () => this.described() },
      this.pins,
      h("div", { class: "pl-pins", "aria-hidden": "true" }, this.asked),
      svg,
      this.octaves
    );
    this.rename();
  }
  described() {
    return this.sounding?.length ? this.say("keyboard.sounding", { keys: this.sounding.join(", ") }) : this.say("keyboard.silent");
  }
  /** Name the octaves in the style of today. */
  rename() {
    this.octaves.replaceChildren(...OCTAVES2.map((midi) => {
      const label = h("span", {}, this.names.of(midi));
      label.style.left = `${100 * keyCentre(midi)}%`;
      return label;
    }));
    this.lit = "";
    this.ask(this.wanted);
  }
  /** Light these keys, from the lowest. */
  show(keys, nameOf) {
    const names = keys.map(nameOf);
    const lit = `${keys} ${names}`;
    if (lit === this.lit) return;
    this.lit = lit;
    this.sounding = names;
    for (const [midi, rect] of this.keys) {
      rect.classList.toggle("lit", keys.includes(midi));
      if (isBlack(midi)) set(rect, edges(midi, keys.includes(midi)));
    }
    for (const [midi, rect] of this.levels) if (!keys.includes(midi)) rect.setAttribute("height", 0);
    this.pins.replaceChildren(...keys.map((midi, i) => {
      const pin = h("span", { class: "pl-pin" }, names[i]);
      stand(pin, midi);
      return pin;
    }));
    this.hideAsked();
    this.stack();
    wordAttribute(this.node, "aria-label", () => this.described());
  }
  /** Show which key the player is asked to play; null asks for none. */
  ask(midi) {
    this.wanted = midi;
    for (const [key, rect] of this.keys) rect.classList.toggle("asked", key === midi);
    if (midi != null) {
      word(this.asked, () => this.names.of(midi));
      stand(this.asked, midi);
    }
    this.hideAsked();
  }
  /** The empty pin gives way to the pins of keys that sound. */
  hideAsked() {
    this.asked.hidden = this.wanted == null || this.pins.childElementCount > 0;
  }
  /** Mark a key for a moment: something sounded there that is no piano. */
  mark(midi) {
    clearTimeout(this.unmark);
    for (const [key, rect] of this.keys) rect.classList.toggle("away", key === midi);
    if (midi != null) this.unmark = setTimeout(() => this.mark(null), MARKED_MS);
  }
  stack() {
    const pins = [...this.pins.children];
    const rows = pinRows(pins.map((pin) => pin.getBoundingClientRect()));
    pins.forEach((pin, i) => pin.style.setProperty("--up", `${rows[i] * PIN_ROW_PX}px`));
    this.rows = Math.max(this.rows, ...rows.map((row) => row + 1));
    this.node.style.setProperty("--rows", this.rows);
  }
  /** How strongly each lit key sounds. */
  level(now) {
    for (const { midi, strength } of now) {
      set(this.levels.get(midi), levelBar(midi, strength));
    }
  }
};

// pedal.js
function surePercent({ down, sure }) {
  return Math.round(100 * Math.min(1, Math.max(0, down ? sure : 1 - sure)));
}
var PedalMark = class {
  constructor({ say }) {
    this.say = say;
    this.sign = h("span", { class: "pl-pedal-sign", "aria-hidden": "true" });
    this.text = h("span", { class: "pl-pedal-text" });
    this.fill = h("div", { class: "pl-fill" });
    const bar = h("div", { class: "pl-bar", "aria-hidden": "true" }, this.fill);
    this.node = h("p", { class: "pl-pedal", hidden: true }, this.sign, this.text, bar);
  }
  /** @param {?{down: boolean, sure: number}} pedal PedalNow of pianolab/live/messages.py; null hides the mark. */
  show(pedal) {
    this.node.hidden = !pedal;
    if (!pedal) return;
    const percent = surePercent(pedal);
    this.node.classList.toggle("pl-pedal-down", pedal.down);
    word(this.sign, () => pedal.down ? "▼" : "△");
    word(this.text, () => this.say(pedal.down ? "pedal.down" : "pedal.up", { percent }));
    this.fill.style.width = `${percent}%`;
  }
};

// listener.js
var IN_TUNE_CENTS = 5;
var BLANK = () => " ";
var Listener = class {
  /** @param {number} index 0 for the first detector, 1 for the one beside it. */
  constructor(index, context) {
    const { say, names } = context;
    this.say = say;
    this.names = names;
    this.letter = LETTERS[index];
    this.heard = new Heard(context);
    this.keyboard = new Keyboard(context);
    this.pedal = new PedalMark(context);
    this.title = h("h3", {});
    this.name = h("div", { class: "pl-note pl-none" });
    this.cents = h("div", { class: "pl-cents" });
    this.needle = h("div", { class: "pl-needle", hidden: true });
    this.sure = h("div", { class: "pl-fill" });
    this.sureText = h("span", { class: "pl-sure-text" });
    this.tuner = h(
      "div",
      { class: "pl-tuner", "aria-hidden": "true" },
      h("span", { class: "pl-flat" }, "−50"),
      h("span", { class: "pl-middle" }),
      h("span", { class: "pl-sharp" }, "+50"),
      this.needle
    );
    const meaning = () => say("listener.confidence_of", { letter: this.letter });
    const range = { "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": 0 };
    this.meter = h("div", { class: "pl-bar", role: "meter", "aria-label": meaning, ...range }, this.sure);
    this.sureRow = h("div", { class: "pl-sure" }, h("span", {}, () => say("listener.confidence")), this.meter, this.sureText);
    this.away = h("div", { class: "pl-small pl-away" });
    this.chips = h("ul", { class: "pl-chips", "aria-label": () => say("listener.keys") });
    this.node = h(
      "section",
      { class: `pl-listener pl-listener-${this.letter.toLowerCase()}` },
      h(
        "div",
        { class: "pl-now" },
        this.title,
        this.name,
        h("div", { class: "pl-details" }, this.sureRow, this.cents, this.tuner, this.chips, this.away)
      ),
      this.keyboard.node,
      this.pedal.node
    );
    this.listen("", { polyphonic: false, alone: true });
  }
  /** Another detector listens. One voice has cents and confidence; of many keys each has its own. */
  listen(detector, { polyphonic, alone }) {
    this.title.hidden = alone;
    word(this.title, () => this.say("listener.named", { letter: this.letter, detector }));
    if (polyphonic === this.polyphonic) return;
    this.polyphonic = polyphonic;
    this.tuner.hidden = this.sureRow.hidden = polyphonic;
    this.chips.hidden = !polyphonic;
    this.node.classList.toggle("pl-many", polyphonic);
    this.clear();
  }
  take(event) {
    this.heard.take(event);
    if (event.kind === "on" && !this.polyphonic) this.note(event.midi, event.cents, event.confidence);
  }
  /** The chord that sounds in another language. */
  translate(chord) {
    if (this.heard.chord?.heard_s === chord.heard_s) this.heard.take(chord);
  }
  clear() {
    this.heard.clear();
    this.turnAway({ n: 0, midi: null });
    this.show([]);
  }
  end() {
    this.heard.end();
    this.show([]);
  }
  /** @param {{n: number, midi: number | null}} away How many notes were no piano, and the key that the last one had. */
  turnAway({ n, midi }) {
    if (n === this.nAway) return;
    this.keyboard.mark(n > this.nAway ? midi : null);
    this.nAway = n;
    word(this.away, n ? () => this.say("listener.away", { n }) : BLANK);
  }
  /**
   * @param {Object[]} now The notes that sound, the strongest first; see Sounding in pianolab/live/messages.py.
   * @param {?Object} pedal How the sustain pedal is, or null where this detector does not hear it.
   */
  show(now, pedal = null) {
    const { heard } = this;
    this.pedal.show(pedal);
    this.keyboard.show(heard.keys, (midi) => heard.nameOf(midi));
    this.keyboard.level(now);
    this.node.classList.toggle("pl-sounding", heard.open.size > 0);
    if (this.polyphonic && !heard.silent) this.chord(now);
    else if (!this.polyphonic && now.length) this.note(now[0].midi, now[0].cents, now[0].strength);
    else if (this.polyphonic || !heard.open.size) this.quiet();
  }
  chord(now) {
    const { large, spoken, others, n } = this.heard.summary();
    word(this.name, () => large);
    this.name.classList.remove("pl-none");
    this.name.classList.toggle("pl-chord", large.length > 6);
    word(this.cents, () => {
      if (!spoken) return this.say(n > 1 ? "listener.no_chord" : "listener.one_key");
      return others.length ? this.say("listener.also", { name: spoken, others: others.join(", ") }) : spoken;
    });
    this.chips.replaceChildren(...[...now].sort((a, b) => a.midi - b.midi).map((key) => this.chip(key)));
  }
  chip({ midi, confidence, velocity }) {
    const percent = Math.round(100 * confidence);
    const bar = h("span", { class: "pl-bar", "aria-hidden": "true" }, h("span", { class: "pl-fill" }));
    bar.firstChild.style.width = `${percent}%`;
    const struck = velocity == null ? () => this.say("listener.percent", { percent }) : () => this.say("listener.struck", { percent, velocity: Math.round(velocity) });
    return h("li", {}, h("strong", {}, this.heard.nameOf(midi)), bar, h("span", {}, struck));
  }
  note(midi, cents, sure) {
    word(this.name, () => this.heard.nameOf(midi));
    this.name.classList.remove("pl-none", "pl-chord");
    word(this.cents, () => this.tuning(cents));
    this.needle.hidden = cents == null;
    if (cents != null) this.needle.style.left = `${50 + Math.max(-50, Math.min(50, cents))}%`;
    const percent = Math.round(100 * Math.min(1, sure ?? 0));
    this.certain(percent, () => this.say("listener.percent", { percent }));
  }
  tuning(cents) {
    if (cents == null) return this.say("listener.cents_unknown");
    const kind = Math.abs(cents) < IN_TUNE_CENTS ? "in_tune" : cents > 0 ? "sharp" : "flat";
    return this.say(`listener.${kind}`, { cents: signed(cents) });
  }
  certain(percent, text) {
    this.sure.style.width = `${percent}%`;
    this.meter.setAttribute("aria-valuenow", percent);
    word(this.sureText, text);
  }
  quiet() {
    this.name.classList.add("pl-none");
    this.name.classList.remove("pl-chord");
    this.needle.hidden = true;
    this.certain(0, () => "–");
    this.chips.replaceChildren();
    const { last } = this.heard;
    word(this.name, () => this.say("listener.no_note"));
    word(this.cents, last ? () => this.say("listener.last_note", { name: this.names.of(last.midi) }) : BLANK);
  }
};

// listeners.js
var Listeners = class {
  /**
   * @param {Object} parts
   * @param {import("./notelog.js").NoteLog} parts.log
   * @param {import("./pictures.js").Pictures} parts.pictures
   * @param {function(number, number, number): void} parts.onStroke The first detector has heard this key struck, so
   *   surely, as the stroke of this number.
   * @param {import("./prompt.js").PromptBox} parts.prompt Is told where a stroke turns out to be of another key.
   */
  constructor(context, { log, pictures, prompt, onStroke }) {
    Object.assign(this, { context, log, pictures, prompt, onStroke });
    this.all = [];
    this.now = [];
    this.pedals = [];
    this.node = h("div", { class: "pl-listeners" });
    this.listenWith([""], () => false);
  }
  /** As many listeners as detectors, told by name; `polyphonic` says of each whether it hears many keys. */
  listenWith(detectors, polyphonic) {
    while (this.all.length > detectors.length) this.all.pop().node.remove();
    while (this.all.length < detectors.length) {
      const listener = new Listener(this.all.length, this.context);
      this.all.push(listener);
      this.node.append(listener.node);
    }
    const alone = detectors.length === 1;
    this.all.forEach((listener, i) => listener.listen(detectors[i], { polyphonic: polyphonic(detectors[i]), alone }));
    this.log.readNotes(this.polyphonic);
  }
  /** Whether the first detector hears many keys. */
  get polyphonic() {
    return this.all[0].polyphonic;
  }
  /** A new take begins. */
  clear() {
    this.now = this.pedals = [];
    for (const listener of this.all) listener.clear();
  }
  /** Nothing sounds any more. */
  rest() {
    this.now = this.pedals = [];
    for (const listener of this.all) listener.end();
  }
  /** Events of the kernel, and what sounds and how the pedals are behind them where it says so. */
  take(events, now = this.now, pedals = this.pedals) {
    this.now = now;
    this.pedals = pedals;
    for (const event of events) this.takeOne(event);
    this.show();
  }
  takeOne(event) {
    if (event.kind === "gap") {
      this.log.gap(event);
      return;
    }
    const listener = this.all[event.listener];
    if (!listener) return;
    const told = { ...event, language: this.context.texts.language };
    const letter = this.all.length > 1 ? LETTERS[event.listener] : "";
    const first = event.listener === 0;
    listener.take(told);
    this.pictures.take(told);
    if (event.kind === "chord" && event.struck) this.log.chord(told, letter, first);
    if (event.kind === "revised" && first) this.prompt.revise(event.midi, event.note);
    if (event.kind !== "on") return;
    if (first) this.onStroke(event);
    if (!listener.polyphonic) this.log.note(event, letter);
  }
  /** Mark the key that the player is asked to play; null marks none. */
  ask(midi) {
    this.all[0].keyboard.ask(midi);
  }
  show() {
    this.all.forEach((listener, i) => listener.show(this.now[i] ?? [], this.pedals[i]));
  }
  /** What each listener did not tell, because it was no piano; see AwayNow in pianolab/live/messages.py. */
  turnAway(away) {
    away.forEach((one, i) => this.all[i]?.turnAway(one));
  }
  /** The last chord of each listener in another language. */
  translate(chords) {
    for (const chord of chords) this.all[chord.listener]?.translate({ ...chord, language: this.context.texts.language });
    this.show();
  }
  /** The note names have changed. */
  rename() {
    for (const { keyboard } of this.all) keyboard.rename();
    this.show();
  }
};

// modes.js
var Modes = class {
  /** @param {function(string): void} onChoice Is called with the detector of the way that was clicked. */
  constructor({ say }, onChoice) {
    Object.assign(this, { say, onChoice });
    this.radios = {};
    this.modes = {};
    this.node = h("fieldset", { class: "pl-modes", hidden: true }, h("legend", { class: "pl-unseen" }, () => say("modes")));
  }
  /** @param {Object<string, string>} modes The detector of `single` and of `chords`, where there is one. */
  offer(modes) {
    this.modes = modes;
    const name = uniqueId();
    const labels = Object.entries(modes).map(([mode, detector]) => {
      const attributes = { type: "radio", name, value: mode, id: uniqueId(), class: `pl-mode-${mode}` };
      const input = h("input", { ...attributes, onchange: () => this.onChoice(detector) });
      this.radios[mode] = input;
      return h("label", { for: input.id }, input, " ", () => this.say(`mode.${mode}`));
    });
    this.node.hidden = labels.length < 2;
    this.node.replaceChildren(this.node.firstChild, ...labels);
  }
  /** The way that begins with this detector, or null: then only its name tells how it listens. */
  of(detector) {
    return Object.keys(this.modes).find((mode) => this.modes[mode] === detector) ?? null;
  }
  show(polyphonic) {
    const radio = this.radios[polyphonic ? "chords" : "single"];
    if (radio) radio.checked = true;
  }
  /** How it listens, in plain words; a detector that no way begins with is named. */
  how(choices) {
    const [{ detector }, ...others] = choices;
    const mode = others.length ? null : this.of(detector);
    return mode ? this.say(`listens.${mode}`) : this.say("listens.with", { detectors: choices.map((one) => one.detector).join(", ") });
  }
};

// notelog.js
var MAX_LINES = 60;
var SAY_MS = 1500;
var FLASH_MS = 120;
var FLASH_GAP_MS = 350;
var NoteLog = class {
  constructor(context) {
    const { say, names } = context;
    Object.assign(this, { context, say, names });
    this.list = h("ol");
    const region = { role: "log", "aria-label": () => say("log.region"), "aria-live": "polite", tabindex: 0 };
    this.box = h("div", { class: "pl-log", ...region }, this.list);
    this.spoken = h("p", { class: "pl-unseen pl-say", role: "status" });
    this.flashBox = h("div", { class: "pl-flash", "aria-hidden": "true" });
    this.flashed = -Infinity;
  }
  clear() {
    this.list.replaceChildren();
    this.silence();
  }
  /** Nothing more is read out. */
  silence() {
    clearTimeout(this.saying);
    this.saying = this.unsaid = null;
    this.spoken.replaceChildren();
  }
  /** Every note read out one by one would drown a chord: there `chord` speaks instead. */
  readNotes(polyphonic) {
    this.box.setAttribute("aria-live", polyphonic ? "off" : "polite");
  }
  write(letter, line2) {
    const text = letter ? () => this.say("log.letter", { letter, line: line2() }) : line2;
    this.list.append(h("li", {}, text));
    while (this.list.children.length > MAX_LINES) this.list.firstChild.remove();
    this.box.scrollTop = this.box.scrollHeight;
  }
  note({ midi, time_s: time, cents, confidence }, letter) {
    const key = cents == null ? "log.note" : "log.note_cents";
    const values = { seconds: time.toFixed(2), percent: Math.round(100 * confidence), cents: signed(cents ?? 0) };
    this.write(letter, () => this.say(key, { name: this.names.of(midi), ...values }));
  }
  /** A chord has settled; `aloud` also tells it to screen readers. */
  chord(event, letter, aloud) {
    const parts = () => {
      const { keys, spoken } = chordWords(event, this.context);
      return { keys: keys.join(" "), name: spoken, seconds: event.time_s.toFixed(2) };
    };
    this.write(letter, () => this.say(parts().name ? "log.chord_named" : "log.chord", parts()));
    if (aloud) this.announce(parts().name ? this.say("log.said", parts()) : parts().keys);
  }
  gap({ time_s: time, seconds }) {
    this.write("", () => this.say("log.gap", { seconds: time.toFixed(1), ms: Math.round(1e3 * seconds) }));
  }
  announce(text) {
    this.unsaid = text;
    if (this.saying) return;
    const speak = () => {
      this.saying = null;
      if (this.unsaid == null) return;
      const now = this.unsaid;
      word(this.spoken, () => now);
      this.unsaid = null;
      this.saying = setTimeout(speak, SAY_MS);
    };
    speak();
  }
  /** A note has begun: the edge of the page flashes and the device vibrates, as the player wishes. */
  signal({ flash, vibrate }) {
    if (vibrate) navigator.vibrate?.(40);
    const now = performance.now();
    if (!flash || now - this.flashed < FLASH_GAP_MS) return;
    this.flashed = now;
    this.flashBox.classList.add("pl-now-flash");
    setTimeout(() => this.flashBox.classList.remove("pl-now-flash"), FLASH_MS);
  }
};

// analysis.js
var Analysis = class {
  constructor() {
    this.sound = null;
    this.running = false;
  }
  /** Forget what was heard. */
  clear() {
    this.sound = null;
  }
  /** Analyse the newest samples; what comes while the browser is at work with others is left out. */
  async give(samples, sr) {
    if (this.running) return;
    this.running = true;
    try {
      const last = new Float32Array(SEEN);
      last.set(samples.subarray(-SEEN), Math.max(0, SEEN - samples.length));
      this.sound = { samples: last, bins: await levels(last, sr).catch(() => null) };
    } finally {
      this.running = false;
    }
  }
};
async function levels(samples, sr) {
  const context = new OfflineAudioContext(1, SEEN, sr);
  const buffer = context.createBuffer(1, SEEN, sr);
  buffer.copyToChannel(samples, 0);
  const player = new AudioBufferSourceNode(context, { buffer });
  const analyser = new AnalyserNode(context, { fftSize: SEEN, smoothingTimeConstant: 0 });
  player.connect(analyser).connect(context.destination);
  player.start();
  await context.startRendering();
  const bins = new Float32Array(SEEN / 2);
  analyser.getFloatFrequencyData(bins);
  return bins;
}

// rollnotes.js
var ROLL_S = 10;
var MAX_NOTES = 400;
var MAX_CHORDS = 200;
var MAX_PEDALS = 200;
var LOWEST = 57;
var HIGHEST = 76;
var ROOM = 3;
var MARGIN = { left: 44, right: 6, bottom: 20 };
var RollNotes = class {
  constructor() {
    this.clear();
  }
  clear() {
    this.notes = [];
    this.chords = [];
    this.pedals = [];
  }
  take(event) {
    if (event.kind === "chord") {
      if (event.listener === 0 && event.struck) this.chords.push({ at: event.time_s, texts: event.texts });
      if (this.chords.length > MAX_CHORDS) this.chords.splice(0, MAX_CHORDS / 2);
      return;
    }
    if (event.kind === "pedal") {
      if (event.listener === 0) this.takePedal(event);
      return;
    }
    const { listener, note, midi, time_s: time } = event;
    const found = this.notes.findLast((n) => n.listener === listener && n.note === note);
    if (event.kind === "on") this.notes.push({ listener, note, midi, on: time, off: null });
    else if (found && event.kind === "off") found.off = time;
    else if (found) found.midi = midi;
    if (this.notes.length > MAX_NOTES) this.notes.splice(0, MAX_NOTES / 4);
  }
  takePedal({ down, time_s: time }) {
    const last = this.pedals.at(-1);
    if (down) this.pedals.push({ down: time, up: null });
    else if (last && last.up == null) last.up = time;
    if (this.pedals.length > MAX_PEDALS) this.pedals.splice(0, MAX_PEDALS / 2);
  }
  /** When the pedal was down in the last seconds. */
  pedalled(now) {
    return this.pedals.filter(({ up }) => (up ?? now) > now - ROLL_S);
  }
  /** The notes of which something lies in the last seconds. */
  seen(now) {
    return this.notes.filter((note) => (note.off ?? now) > now - ROLL_S);
  }
  /** The chords that were struck in the last seconds and have a name of their own; intervals would not fit. */
  named(now, style) {
    const names = this.chords.filter(({ at }) => at > now - ROLL_S).map(({ at, texts }) => ({ at, ...texts[style] }));
    return names.filter(({ symbol, spoken }) => symbol && symbol !== spoken);
  }
  /** Whether a note of the other detector lies under this one of the second, so that its name stands there already. */
  hasTwin(note, now) {
    return note.listener > 0 && this.notes.some((other) => !other.listener && other.midi === note.midi && other.on < (note.off ?? now) && (other.off ?? now) > note.on);
  }
  /** Whether the name above a note would lie on a note within so many semitones and seconds. */
  isCovered(note, semitones, seconds) {
    return this.notes.some((other) => other !== note && other.listener === note.listener && other.midi > note.midi && other.midi - note.midi < semitones && Math.abs(other.on - note.on) < seconds);
  }
};
function rollGeometry(seen, { now, width, height, chords }) {
  const midis = seen.map(({ midi }) => midi);
  const low = Math.max(LOW - 1, Math.min(LOWEST, ...midis) - ROOM);
  const high = Math.min(LOW + KEYS, Math.max(HIGHEST, ...midis) + ROOM);
  const { left } = MARGIN;
  const bottom = height - MARGIN.bottom;
  const top = chords ? 34 : 14;
  const row = (bottom - top) / (high - low);
  const second = (width - left - MARGIN.right) / ROLL_S;
  return {
    low,
    high,
    left,
    bottom,
    second,
    row,
    x: (time) => left + (time - now + ROLL_S) * second,
    y: (midi) => bottom - (midi - low) * row,
    thick: Math.max(10, Math.min(18, row * 1.4))
  };
}

// roll.js
var FONT = "12px system-ui, sans-serif";
var CHORD_FONT = "bold 14px system-ui, sans-serif";
var PEDAL_PX = 5;
var NAME_PX = 14;
var NAME_WIDE_PX = 24;
var Roll = class {
  constructor(context) {
    this.context = context;
    this.notes = new RollNotes();
    this.canvas = h("canvas", { class: "pl-roll", role: "img", "aria-label": () => context.say("roll.picture") });
  }
  /** Draw the seconds before `now`, a time of the stream. */
  draw(now) {
    const { names } = this.context;
    const [pen, width, height] = fitted(this.canvas);
    const ink = this.context.colours();
    const seen = this.notes.seen(now);
    const place2 = rollGeometry(seen, { now, width, height, chords: this.notes.chords.length > 0 });
    pen.font = FONT;
    pen.textBaseline = "middle";
    this.axes(pen, ink, place2, { now, width, height });
    for (const note of seen) this.bar(pen, ink, note, place2, now);
    this.chordNames(pen, ink, place2, this.notes.named(now, names.style));
    this.pedal(pen, ink, place2, now);
  }
  axes(pen, ink, { low, high, left, bottom, x, y }, { now, width, height }) {
    const { say, names } = this.context;
    for (let midi = Math.ceil(low / 12) * 12; midi <= high; midi += 12) {
      pen.fillStyle = ink.line;
      pen.fillRect(left, y(midi), width - left, 1);
      pen.fillStyle = ink.text;
      pen.fillText(names.of(midi), 4, y(midi));
    }
    for (let seconds = 0; seconds <= ROLL_S; seconds += 2) {
      pen.fillStyle = ink.line;
      pen.fillRect(x(now - seconds), 0, 1, bottom);
      pen.fillStyle = ink.text;
      pen.textAlign = seconds === 0 ? "right" : "center";
      const text = seconds === 0 ? say("roll.now") : say("roll.ago", { seconds });
      pen.fillText(text, Math.min(x(now - seconds), width - 4), height - 9);
    }
    pen.textAlign = "left";
  }
  bar(pen, ink, note, { left, row, second, thick, x, y }, now) {
    const from = Math.max(left, x(note.on));
    const width = Math.max(4, x(note.off ?? now) - from);
    const top = y(note.midi) - thick / 2;
    pen.strokeStyle = pen.fillStyle = note.listener ? ink.b : ink.a;
    pen.lineWidth = 2;
    pen.setLineDash(note.listener ? [5, 3] : []);
    if (note.listener) pen.strokeRect(from, top - 3, width, thick + 6);
    else pen.fillRect(from, top, width, thick);
    pen.setLineDash([]);
    const covered = this.notes.isCovered(note, (thick + NAME_PX) / row, NAME_WIDE_PX / second);
    if (covered || this.notes.hasTwin(note, now)) return;
    pen.fillStyle = ink.text;
    pen.fillText(this.context.names.of(note.midi), Math.min(from + 1, x(now) - 34), top - 9);
  }
  /** As in a score: a line below the notes for as long as the pedal is down, with its sign where it went down. */
  pedal(pen, ink, { left, bottom, x }, now) {
    pen.fillStyle = ink.text;
    pen.font = FONT;
    for (const { down, up } of this.notes.pedalled(now)) {
      const from = Math.max(left, x(down));
      pen.fillRect(from, bottom - PEDAL_PX, Math.max(2, x(up ?? now) - from), PEDAL_PX);
      if (x(down) >= left) pen.fillText(this.context.say("roll.pedal"), from, bottom - PEDAL_PX - 8);
    }
  }
  chordNames(pen, ink, { left, x }, chords) {
    pen.fillStyle = ink.text;
    pen.font = CHORD_FONT;
    let free = left;
    for (const { at, symbol } of chords) {
      if (x(at) < free) continue;
      pen.fillText(symbol, x(at), 10);
      free = x(at) + pen.measureText(symbol).width + 6;
    }
  }
};

// scope.js
var FONT2 = "12px system-ui, sans-serif";
var line = (pen, ink, heights) => {
  pen.beginPath();
  heights.forEach((y, x) => x ? pen.lineTo(x, y) : pen.moveTo(x, y));
  pen.strokeStyle = ink.a;
  pen.lineWidth = 1.5;
  pen.stroke();
};
var Scope = class {
  constructor(context) {
    const { say } = context;
    this.context = context;
    this.spectrum = h("canvas", { class: "pl-spectrum", role: "img", "aria-label": () => say("spectrum.picture") });
    this.wave = h("canvas", { class: "pl-wave", role: "img", "aria-label": () => say("wave.picture") });
  }
  /** @param {?{samples: Float32Array, bins: Float32Array}} sound The last of it, or null where there is none. */
  draw(sound, sr) {
    this.drawSpectrum(sound?.bins, sr);
    this.drawWave(sound?.samples, sr);
  }
  drawSpectrum(bins, sr) {
    const [pen, width, height] = fitted(this.spectrum);
    const ink = this.context.colours();
    const bottom = height - 18;
    pen.font = FONT2;
    pen.textAlign = "center";
    for (const hz of MARKED_HZ) {
      pen.fillStyle = ink.line;
      pen.fillRect(place(hz) * width, 0, 1, bottom);
      pen.fillStyle = ink.text;
      pen.fillText(hz >= 1e3 ? `${hz / 1e3}k` : `${hz}`, place(hz) * width, height - 4);
    }
    pen.textAlign = "left";
    pen.fillText("Hz", 2, height - 4);
    pen.fillText("0 dB", 2, 12);
    pen.fillText(`−${-FLOOR_DB} dB`, 2, bottom - 4);
    if (bins) line(pen, ink, levelsAcross(bins, sr, width).map((level) => level / FLOOR_DB * bottom));
  }
  drawWave(samples, sr) {
    const [pen, width, height] = fitted(this.wave);
    const ink = this.context.colours();
    pen.fillStyle = ink.line;
    pen.fillRect(0, height / 2, width, 1);
    pen.font = FONT2;
    pen.fillStyle = ink.text;
    pen.fillText("+1", 2, 12);
    pen.fillText("−1", 2, height - 4);
    if (!samples) return;
    pen.fillText(this.context.say("wave.length", { ms: Math.round(1e3 * WAVE / sr) }), width - 44, height - 4);
    line(pen, ink, waveAcross(samples, width).map((y) => (0.5 - 0.48 * y) * height));
  }
};

// pictures.js
var FRAME_MS = 40;
var CALM_FRAME_MS = 500;
var AHEAD_S = 0.2;
var Pictures = class {
  /** @param {import("./session.js").Session} session */
  constructor(context, session) {
    const { say } = context;
    this.session = session;
    this.roll = new Roll(context);
    this.scope = new Scope(context);
    this.analysis = new Analysis();
    this.drawn = -Infinity;
    const picture = (key, canvas) => h("figure", {}, h("figcaption", {}, () => say(key)), canvas);
    this.node = h(
      "section",
      { class: "pl-pictures" },
      picture("roll.title", this.roll.canvas),
      picture("spectrum.title", this.scope.spectrum),
      picture("wave.title", this.scope.wave)
    );
    this.heard(0);
  }
  /** A new take begins. */
  clear() {
    this.roll.notes.clear();
    this.heard(0);
  }
  /** So many seconds of the stream were heard; the kernel sends samples of its own sources. */
  heard(seconds, pcm) {
    this.seconds = seconds;
    this.at = performance.now();
    if (pcm) this.analysis.give(floats(pcm), this.session.sr);
  }
  take(event) {
    this.roll.notes.take(event);
  }
  /** Draw while a stream runs, and once when it has ended. */
  redraw() {
    cancelAnimationFrame(this.frame);
    if (!this.session.on) this.analysis.clear();
    const step = () => {
      const due = performance.now() - this.drawn >= (calm() ? CALM_FRAME_MS : FRAME_MS);
      if (due || !this.session.on) this.draw();
      if (this.session.on) this.frame = requestAnimationFrame(step);
    };
    this.frame = requestAnimationFrame(step);
  }
  draw() {
    const { capture, from, sr, state } = this.session;
    this.drawn = performance.now();
    const ahead = state === "running" ? Math.min(AHEAD_S, (this.drawn - this.at) / 1e3) : 0;
    this.roll.draw(this.seconds + ahead);
    this.scope.draw(from ? this.analysis.sound : capture?.recent(), sr);
  }
  close() {
    cancelAnimationFrame(this.frame);
  }
};

// progress.js
var TOGETHER_S = 0.06;
var SURE = 0.95;
var Progress = class {
  /** @param {{midi: number, onset_s: number}[]} notes What is asked for, in time. */
  constructor(notes) {
    this.notes = notes;
    this.states = notes.map(() => "open");
    this.heard = notes.map(() => null);
    this.expected = 0;
    this.wrong = -1;
    this.right = [];
  }
  /**
   * A key was struck.
   * @param {number} midi
   * @param {?number} note The number of the stroke, by which it may be given another key.
   * @param {{time_s: number, confidence: number}} how When, and how sure that is.
   * @returns {{what: string, i: number}} What it was (right, wrong, octave, again, extra or perhaps), and the number of the
   *   note that it plays, or -1.
   */
  strike(midi, note = null, how = { time_s: 0, confidence: 1 }) {
    const told = this.place(midi, note, how);
    if (told.what === "right") this.right.push({ midi, time_s: how.time_s });
    return told;
  }
  place(midi, note, how) {
    const { expected, wrong: before } = this;
    this.latest = { note, how, states: [...this.states], heard: [...this.heard], expected, wrong: before };
    const right = this.find(midi, this.expected);
    if (right < 0 && this.mayBeGhost(midi, how)) return { what: "perhaps", i: -1 };
    this.wrong = -1;
    if (right >= 0) return this.settle(right, "done", "right");
    if (this.notes[before]?.midi === midi) return this.settle(before, "done", "right");
    if (before >= 0 && this.skipped(before, midi)) return this.settle(this.find(midi, this.expected), "done", "right");
    if (this.last().some((i) => (this.heard[i] ?? this.notes[i].midi) === midi)) {
      this.wrong = before;
      return { what: "again", i: -1 };
    }
    const [nearest] = this.open(this.group(this.expected)).sort((a, b) => this.far(a, midi) - this.far(b, midi));
    if (nearest === void 0) return { what: "extra", i: -1 };
    this.heard[nearest] = midi;
    this.wrong = nearest;
    return this.settle(nearest, "wrong", this.far(nearest, midi) % 12 ? "wrong" : "octave");
  }
  /** The last stroke turned out to be of another key: what it was then, or null if it was not the last. */
  revise(midi, note) {
    if (note === null || this.latest?.note !== note) return null;
    const { states, heard, expected, wrong, how } = this.latest;
    Object.assign(this, { states, heard, expected, wrong });
    return this.strike(midi, note, how);
  }
  /** As pianolab/live/verdicts.py tells it of a whole take. */
  mayBeGhost(midi, { time_s: time, confidence }) {
    const octave = (one) => one.midi !== midi && (one.midi - midi) % 12 === 0 && Math.abs(one.time_s - time) <= TOGETHER_S;
    return confidence < SURE && this.right.some(octave);
  }
  /** Whether the wrong key in place of note `i` was the note behind it, and this key goes on there. */
  skipped(i, midi) {
    const played = this.find(this.heard[i], this.expected);
    const behind = this.group(this.expected).at(-1) + 1;
    if (played < 0 || this.find(midi, behind) < 0) return false;
    this.states[i] = "left";
    this.settle(played, "done");
    this.expected = behind;
    return true;
  }
  settle(i, state, what) {
    this.states[i] = state;
    if (state === "done") this.heard[i] = null;
    while (this.expected < this.notes.length && this.states[this.expected] !== "open") this.expected++;
    return { what, i };
  }
  /** The number of the open note of this key among those that are struck with note number `at`; -1 if there is none. */
  find(midi, at) {
    return this.open(this.group(at)).find((i) => this.notes[i].midi === midi) ?? -1;
  }
  /** Numbers of the notes that are struck together with note number `i`. */
  group(i) {
    if (i >= this.notes.length) return [];
    const { onset_s: onset } = this.notes[i];
    return this.notes.flatMap((note, k) => Math.abs(note.onset_s - onset) < TOGETHER_S ? [k] : []);
  }
  open(group) {
    return group.filter((i) => this.states[i] === "open");
  }
  /** Numbers of the group that was played last. */
  last() {
    const played = this.states.findLastIndex((state) => state !== "open");
    return played < 0 ? [] : this.group(played).filter((i) => ["done", "wrong"].includes(this.states[i]));
  }
  far(i, midi) {
    return Math.abs(this.notes[i].midi - midi);
  }
  /** Whether all of the `n` notes from number `first` on are done. */
  hasDone(first, n) {
    return this.states.slice(first, first + n).every((state) => state === "done");
  }
  /** Whether one of them is the next to play. */
  isNext(first, n) {
    return this.expected >= first && this.expected < first + n;
  }
};

// prompt.js
var SHOWN_GROUPS = 60;
var PromptBox = class {
  constructor({ say, names }) {
    this.say = say;
    this.names = names;
    this.node = h("section", { class: "pl-prompt", hidden: true });
    this.told = h("p", { class: "pl-prompt-told", role: "status" });
  }
  /** Ask for this prompt, PromptFields of pianolab/live/messages.py; null asks for nothing. */
  ask(prompt) {
    this.prompt = prompt;
    this.restart();
  }
  /** Nothing has been played yet. */
  restart() {
    if (this.prompt) this.progress = new Progress(this.prompt.notes);
    this.told.replaceChildren();
    this.draw();
  }
  /** The same prompt in the words of another language. */
  translate(prompt) {
    this.prompt = prompt;
    this.draw();
  }
  /** A key was struck; see NoteHeard of pianolab/live/messages.py. */
  strike({ midi, note, ...how }) {
    if (this.prompt) this.tell(midi, this.progress.strike(midi, note, how));
  }
  /** A stroke turned out to be of another key. */
  revise(midi, note) {
    const anew = this.prompt && this.progress.revise(midi, note);
    if (anew) this.tell(midi, anew);
  }
  tell(midi, { what, i }) {
    const heard = () => this.names.of(midi);
    if (what === "perhaps") return;
    if (what === "right") this.told.replaceChildren();
    else if (what === "again") word(this.told, () => this.say("prompt.again", { heard: heard() }));
    else if (what === "extra") word(this.told, () => this.say("prompt.extra", { heard: heard() }));
    else word(this.told, () => this.say(`prompt.${what}`, { heard: heard(), asked: this.names.of(this.prompt.notes[i].midi) }));
    this.draw();
  }
  draw() {
    this.node.hidden = !this.prompt;
    if (!this.prompt) return;
    const { title, chords } = this.prompt;
    const groups = chords.slice(0, SHOWN_GROUPS).map((chord) => this.group(chord));
    const list = h("ol", { tabindex: 0, "aria-label": () => this.say("prompt.notes") }, ...groups);
    this.node.replaceChildren(h("h3", {}, () => this.say("prompt.play", { title })), list, this.told);
    const next = list.querySelector(".pl-next");
    if (!next) return;
    list.scrollTop = next.offsetTop - list.offsetTop - list.clientHeight / 3;
    list.scrollLeft = next.offsetLeft - list.offsetLeft - list.clientWidth / 3;
  }
  group({ first, n, texts }) {
    const { symbol, keys } = texts[this.names.style];
    const notes = this.prompt.notes.slice(first, first + n).map(({ midi }, k) => this.note(first + k, keys[k] ?? this.names.of(midi)));
    const kinds = [this.progress.hasDone(first, n) && "pl-done", this.progress.isNext(first, n) && "pl-next"];
    return h(
      "li",
      { class: kinds.filter(Boolean).join(" ") },
      ...symbol ? [h("em", {}, () => this.say("prompt.symbol", { symbol }))] : [],
      ...notes.flatMap((note, i) => i ? [" ", note] : [note])
    );
  }
  note(i, name) {
    const state = this.progress.states[i];
    if (state === "done") return h("span", { class: "pl-done" }, `✓ ${name}`);
    if (state === "wrong") return h("span", { class: "pl-wrong" }, `✗ ${name}`);
    return h("span", {}, state === "left" ? `○ ${name}` : name);
  }
};

// holder.js
var PLACE = /* @__PURE__ */ Symbol.for("pianolab.microphone");
var Holder = class _Holder {
  constructor() {
    this.session = null;
  }
  /** The one of this page, which all keyboards on it share, also those that were loaded apart. */
  static ofPage() {
    return globalThis[PLACE] ??= new _Holder();
  }
  /** Returns whether the microphone is this session's now. */
  take(session) {
    this.session ??= session;
    return this.session === session;
  }
  release(session) {
    if (this.session === session) this.session = null;
  }
};

// link.js
var LAG_S = 0.5;
var IN_FLIGHT = 4;
var FLIGHT_S = LAG_S / 2;
var FILL_S = 0.25;
var RISE = 0.5;
var FALL = 0.25;
var PATIENCE_MS = {
  stream: { silent: 600, dead: 4500 },
  start: { silent: 2e3, dead: 8e3 },
  stop: { silent: 2e3, dead: 3e4 },
  hello: { silent: 2e3, dead: Infinity }
};
var LOADING_MS = 3e4;
var joined = (parts) => {
  if (parts.length === 1) return parts[0];
  const whole = new Int16Array(parts.reduce((sum, part) => sum + part.byteLength / 2, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(new Int16Array(part), at);
    at += part.byteLength / 2;
  }
  return whole.buffer;
};
var Link = class {
  /**
   * @param {function(Object, ArrayBuffer=): void} send Carries a message of the stream, with its samples.
   * @param {function(): number} now The clock, milliseconds.
   */
  constructor(send, now) {
    this.send = send;
    this.now = now;
    this.waits = /* @__PURE__ */ new Map();
    this.open("", 0);
  }
  /** A new stream begins; what was on its way belongs to none. */
  open(session, sr) {
    Object.assign(this, { session, sr, seq: 0, onTheWay: /* @__PURE__ */ new Map(), backlog: [], dropped: 0, lost: 0, frames: 0 });
    Object.assign(this, { pace: 1, hurries: true });
    this.answeredAt = this.heardAt = this.now();
  }
  /** The stream is over: nothing of it is waited for any more. */
  close() {
    this.onTheWay.clear();
    this.backlog = [];
    for (const what of ["start", "stop", "choose"]) this.waits.delete(what);
  }
  /** Samples that are unanswered. */
  get flying() {
    return [...this.onTheWay.values()].reduce((sum, { n }) => sum + n, 0);
  }
  /** Samples that wait. */
  get waiting() {
    return this.backlog.reduce((sum, { n }) => sum + n, 0);
  }
  /** How old the newest sound is that was heard, in seconds. */
  get behind() {
    return (this.now() - this.heardAt) / 1e3;
  }
  /** Whether the answer to the oldest sound that waits would come too late, and there is newer, or will be. */
  get tooLate() {
    if (!this.hurries || !this.backlog.length || this.backlog.length + this.onTheWay.size < 2) return false;
    const [{ at, n }] = this.backlog;
    const age = Math.max((this.now() - at) / 1e3 + n / this.sr, this.waiting / this.sr);
    return age + this.pace * (this.flying + n) / this.sr > LAG_S;
  }
  /** Whether everything has been sent and answered. */
  get idle() {
    return !this.onTheWay.size && !this.backlog.length;
  }
  /**
   * Take a block that came out of the microphone `lateMs` ago. Returns false if it had to be dropped, with all that waited:
   * the newest sound is worth more, and one long hole costs less than many short ones.
   */
  block({ frame, pcm, n, lateMs = 0 }) {
    this.frames = frame + n;
    this.backlog.push({ frame, pcm, n, at: this.now() - lateMs });
    const room = !this.tooLate || this.waiting <= FILL_S * this.sr;
    if (!room) this.drop();
    this.post();
    return room;
  }
  drop() {
    this.dropped += this.backlog.length;
    this.lost += this.waiting;
    this.backlog = [];
  }
  /** The last block has come: nothing newer waits behind what is old. */
  finish() {
    this.hurries = false;
    this.post();
  }
  /** Send what waits: as many blocks as follow each other go in one message. */
  post() {
    if (!this.backlog.length || this.onTheWay.size >= IN_FLIGHT || this.tooLate) return;
    const [{ frame }] = this.backlog;
    const parts = [];
    const room = FLIGHT_S * this.sr / Math.max(1, this.pace) - this.flying;
    let [n, end] = [0, 0];
    const fits = (block) => block.frame === frame + n && (n + block.n <= room || !n && !this.onTheWay.size);
    while (this.backlog.length && fits(this.backlog[0])) {
      const block = this.backlog.shift();
      parts.push(block.pcm);
      n += block.n;
      end = block.at;
    }
    if (n) this.ask({ type: "block", session: this.session, frame, sr: this.sr }, joined(parts), n, end);
  }
  /** Ask the kernel's own source what it has heard; one question at a time. */
  poll() {
    if (!this.onTheWay.size) this.ask({ type: "poll", session: this.session });
  }
  ask(message, pcm, n = 0, end = this.now()) {
    const seq = this.seq++;
    this.onTheWay.set(seq, { at: this.now(), n, end });
    this.send({ ...message, seq }, pcm);
  }
  /** The kernel has answered this message, and so all before it. */
  acked(seq) {
    const answered = [...this.onTheWay].filter(([sent]) => sent <= seq);
    for (const [sent] of answered) this.onTheWay.delete(sent);
    if (answered.length) this.timed(answered.map(([, message]) => message));
    this.answeredAt = this.now();
  }
  /** How long the kernel took for these messages tells its pace: seconds for one second of sound. */
  timed(messages) {
    const took = (this.now() - Math.max(this.answeredAt, messages[0].at)) / 1e3;
    const pace = took * this.sr / messages.reduce((sum, { n }) => sum + n, 0);
    if (Number.isFinite(pace)) this.pace += (pace - this.pace) * (pace > this.pace ? RISE : FALL);
    this.heardAt = messages.at(-1).end;
  }
  /** An answer to hello, start, choose or stop is waited for. */
  await(what) {
    this.waits.set(what, this.now());
  }
  /** It has come. */
  came(what) {
    this.waits.delete(what);
  }
  /**
   * Who has waited too long.
   * @returns {{on: string, dead: boolean}[]} `on` is hello, start, stop or stream; see PATIENCE_MS.
   */
  silences() {
    const since = [...this.waits].filter(([on]) => on !== "choose");
    if (this.onTheWay.size) {
      const oldest = Math.min(...[...this.onTheWay.values()].map(({ at }) => at));
      since.push(["stream", Math.max(oldest, this.answeredAt)]);
    }
    const waited = since.map(([on, at]) => ({ on, ms: this.now() - at }));
    return waited.filter(({ on, ms }) => ms > PATIENCE_MS[on].silent).map(({ on, ms }) => ({ on, dead: ms > this.patience(on) }));
  }
  patience(on) {
    return on === "stream" && this.waits.has("choose") ? LOADING_MS : PATIENCE_MS[on].dead;
  }
};

// watch.js
var SLOW_MS = 5e3;
var SEEN_MS = 5e3;
var REOPENED_MS = 3e3;
var HELLO_MS = 5e3;
var takeName = (date) => {
  const two = (number) => String(number).padStart(2, "0");
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-");
  return `${day}T${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join("-")}`;
};
var Watch = class {
  /** @param {import("./session.js").Session} session */
  constructor(session) {
    this.session = session;
    this.cuts = /* @__PURE__ */ new Map();
    this.idleSince = session.clock.now();
  }
  /** Does the kernel still answer? */
  check() {
    const { session } = this;
    const why = session.source.cause();
    if (why === "restarted") session.lost();
    if (session.state === "lost") return;
    if (why !== "offline") session.better("offline");
    else if (session.state !== "waiting") session.add("offline");
    if (why !== "idle") this.idleSince = session.clock.now();
    for (const { on, dead } of session.link.silences()) {
      if (dead || on === "stream" && why === "offline") this.giveUp(on);
      else if (on === "hello") this.waitForHello(why);
      else this.wait();
    }
    this.checkPast();
    session.showNothingOld();
  }
  /** An answer is overdue. */
  wait() {
    this.session.add("silent");
  }
  waitForHello(why) {
    const { session } = this;
    const now = session.clock.now();
    const unknown = session.source.place !== "page" && now - this.idleSince > REOPENED_MS;
    const code = why === "offline" ? "offline" : unknown ? "reopened" : session.placed("busy");
    session.better(...UNANSWERED.filter((other) => other !== code));
    session.add(code);
    if (now - session.greetedAt > HELLO_MS && why !== "busy") session.greet();
  }
  /** Troubles whose cause is past. */
  checkPast() {
    const { session } = this;
    const { troubles } = session;
    const now = session.clock.now();
    if (troubles.has("slow") && now - session.droppedAt > SLOW_MS) session.better("slow");
    if (troubles.has("hidden") && now - this.seenAt > SEEN_MS) session.better("hidden");
    if (troubles.has("held") && !session.holder.session) session.better("held");
  }
  /** The page was hidden, or is seen again. */
  hidden(hidden) {
    this.seenAt = hidden ? Infinity : this.session.clock.now();
    if (hidden && this.session.state === "running") this.session.trouble("hidden");
  }
  giveUp(on) {
    const { session } = this;
    session.link.came(on);
    session.better("silent");
    if (!session.troubles.has("offline")) session.add(session.placed("frozen"));
    if (on === "start") session.refuse();
    session.sendStop({ cut: true });
    if (session.state === "lost" || on === "start") return;
    this.cutOff();
    session.ended(session.from ? "status.source_gave_up" : "status.gave_up");
  }
  /** The take ends here, because no answer comes. If one comes after all, it tells what is left of it. */
  cutOff() {
    const { link, sr, startedAt, heardS, strokes, page } = this.session;
    const name = takeName(startedAt);
    const seconds = Math.max(link.frames / (sr || 1), heardS);
    this.cuts.set(link.session, name);
    page.cutOff({ name, seconds, n_notes: strokes, folder: "", labels: "none", missing_s: 0, cut: true, gone: true });
  }
  /** The kernel may come to a take that was cut off: what is left of it is told. Returns whether it was such an answer. */
  answeredAfterAll({ session: of, type, take }) {
    const name = this.cuts.get(of);
    if (name === void 0) return false;
    this.session.better(...UNANSWERED);
    if (type !== "stopped") return true;
    this.cuts.delete(of);
    if (take) this.session.page.cutOff(take, name);
    return true;
  }
};

// session.js
var POLL_MS = 25;
var CHECK_MS = 100;
var LAST_ANSWERS_MS = 1500;
var ZEROS_S = 5;
var CLOCK = {
  now: () => performance.now(),
  every(ms, what) {
    const timer = setInterval(what, ms);
    return () => clearInterval(timer);
  },
  wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms))
};
var Refusal = class extends Error {
};
var Session = class {
  /**
   * @param {string} id The name of the page.
   * @param {import("./source.js").Source} source
   * @param {function(function, function): import("./capture.js").Capture} microphone Makes a capture.
   * @param {Object} page What the page does: `stateChanged()`, `troublesChanged()`, `status(key, values)`,
   *   `answered(content, buffers)` for every answer, `rest()` when nothing that it shows holds any more, and
   *   `cutOff(take, name)` for a take that ended because answers stopped; the name is the one that it had until then.
   * @param {typeof CLOCK} clock
   */
  constructor(id, source, microphone, page, clock = CLOCK) {
    Object.assign(this, { id, source, microphone, page, clock });
    this.state = "waiting";
    this.holder = Holder.ofPage();
    this.watch = new Watch(this);
    this.zeros = 0;
    this.troubles = new Troubles();
    this.link = new Link((message, pcm) => this.send(message, pcm), clock.now);
    this.starts = 0;
    this.from = "";
    source.onmessage = (content, buffers) => this.answered(content, buffers);
    this.endChecks = clock.every(CHECK_MS, () => this.watch.check());
  }
  get on() {
    return this.state === "running" || this.state === "stopping";
  }
  set(state) {
    this.state = state;
    this.page.stateChanged();
  }
  hello(language) {
    this.greeting = { type: "hello", view: this.id, language };
    this.link.await("hello");
    this.greet();
  }
  greet() {
    this.greetedAt = this.clock.now();
    this.send(this.greeting);
  }
  /** Returns whether the message went out. */
  send(message, buffer) {
    if (message.type === "choose") this.link.await("choose");
    if (this.source.send(message, buffer)) return true;
    if (this.state !== "closed") this.lost();
    return false;
  }
  // -- failures
  trouble(code, more = null) {
    this.troubles.add(code, more);
    this.page.troublesChanged();
    if (code === "unplugged" || code === "processor") this.stop();
  }
  better(...codes) {
    if (this.troubles.clear(...codes)) this.page.troublesChanged();
  }
  /** A trouble that lasts is told once. */
  add(code) {
    if (!this.troubles.has(code)) this.trouble(code);
  }
  /** The code of a trouble whose remedy depends on the page. */
  placed(code) {
    return this.source.place === "page" ? `${code}_page` : code;
  }
  lost() {
    if (this.state === "lost") return;
    this.release();
    if (this.on) this.watch.cutOff();
    this.link.close();
    this.link.came("hello");
    this.better(...UNANSWERED);
    this.trouble(this.placed("restarted"));
    this.set("lost");
    this.refuse();
  }
  // -- start and stop
  async start({ from = "", deviceId = null, keep = false }) {
    if (this.state !== "ready") return;
    this.troubles.clearAll();
    this.page.troublesChanged();
    if (!from && !this.holder.take(this)) {
      this.trouble("held");
      return;
    }
    Object.assign(this, { from, startedAt: /* @__PURE__ */ new Date(), strokes: 0, toldDropped: 0, heardS: 0, zeros: 0, over: false, old: false });
    this.set("starting");
    try {
      const capture = from ? null : await this.openMicrophone(deviceId);
      if (this.state !== "starting") return;
      const { sr } = await this.begun({ source: from || "browser", sr: capture?.sr, capture, keep });
      this.sr = this.link.sr = sr;
      this.set("running");
      if (from) this.endPolls = this.clock.every(POLL_MS, () => this.link.poll());
      else this.capture.run(this.blockLength);
      this.sayListening(capture);
    } catch (error) {
      this.failed(error);
    } finally {
      this.begin = null;
      this.link.came("start");
    }
  }
  openMicrophone(deviceId) {
    const troubled = (code, ends) => {
      if (ends) this.better(ends);
      if (code) this.trouble(code);
    };
    this.capture = this.microphone((block) => this.block(block), troubled);
    return this.capture.open(deviceId);
  }
  begun(message) {
    const begun = new Promise((resolve, reject) => {
      this.begin = { resolve, reject };
    });
    this.link.open(`${this.id}-${++this.starts}`, message.sr ?? 0);
    this.link.await("start");
    this.send({ type: "start", session: this.link.session, ...message });
    return begun;
  }
  /** The Start that waits comes to nothing, and the page says why already. */
  refuse() {
    this.begin?.reject(new Refusal());
  }
  failed(error) {
    this.release();
    if (error instanceof Trouble) this.trouble(error.code, error.code === "other" ? () => `(${error.detail})` : null);
    else if (!(error instanceof Refusal)) this.trouble("other", () => `(${error.message})`);
    if (this.state === "starting") this.set("ready");
  }
  sayListening(capture) {
    const values = { microphone: capture?.label, processing: capture?.processing.join(", ") };
    const heard = values.processing ? "processed" : capture ? "listening_to" : "listening";
    this.page.status(`status.${heard}`, values);
  }
  async stop() {
    if (this.state !== "running") return;
    this.set("stopping");
    this.endPolls?.();
    await this.capture?.finish();
    this.link.finish();
    const patience = this.clock.now() + LAST_ANSWERS_MS;
    while (!this.link.idle && this.clock.now() < patience) await this.clock.wait(20);
    if (this.state !== "stopping") return;
    this.release();
    this.over = true;
    this.page.rest();
    this.link.await("stop");
    this.sendStop();
  }
  sendStop(more = {}) {
    const { session, frames, dropped } = this.link;
    this.send({ type: "stop", session, frames, dropped, ...more });
  }
  /** Let go of the microphone at once. */
  release() {
    this.endPolls?.();
    this.capture?.close();
    this.endPolls = this.capture = null;
    this.holder.release(this);
    this.better(...OF_MICROPHONE);
  }
  stopped() {
    this.ended(this.from ? "status.source_stopped" : "status.stopped");
  }
  ended(status) {
    this.release();
    this.link.close();
    this.set("ready");
    this.page.status(status);
  }
  /** Nothing is lit while the newest sound that was heard is too old. */
  showNothingOld() {
    const old = this.on && !this.over && this.link.behind > LAG_S;
    if (old && !this.old) this.page.rest();
    this.old = old;
  }
  // -- sound out
  block(block) {
    if (!this.on) return;
    this.lookForZeros(block);
    if (!this.link.block(block)) this.droppedAt = this.clock.now();
  }
  /** Sound was left out, and answers come again: while none come, that is the trouble. */
  tellDropped() {
    const { dropped: n, lost } = this.link;
    if (n === this.toldDropped) return;
    this.toldDropped = n;
    this.trouble("slow", (say) => say("trouble.slow.more", { n, seconds: (lost / this.sr).toFixed(1) }));
  }
  /** A microphone that is on has at least some noise. */
  lookForZeros({ pcm, n }) {
    const nothing = new Int16Array(pcm).every((x) => x === 0);
    this.zeros = nothing ? this.zeros + n : 0;
    if (!nothing) this.better("zeros");
    else if (this.zeros >= ZEROS_S * this.sr) this.add("zeros");
  }
  // -- answers in
  answered(content, buffers) {
    if (this.watch.answeredAfterAll(content)) return;
    if (content.session && content.session !== this.link.session) return;
    if (content.type === "ready" && content.view !== this.id) return;
    this.better(...UNANSWERED);
    this[`on_${content.type}`]?.(content);
    if (content.type === "heard" && (!this.on || this.over)) return;
    this.page.answered(content, buffers);
    if (content.type === "heard") {
      this.old = false;
      this.showNothingOld();
    }
    if (content.type === "stopped") this.stopped();
    if (content.type === "heard" && content.done) this.stop();
  }
  on_ready(content) {
    this.link.came("hello");
    this.blockLength = content.block;
    if (this.state === "waiting") this.set("ready");
  }
  on_started(content) {
    this.begin?.resolve(content);
  }
  on_heard(content) {
    this.link.acked(content.seq);
    this.heardS = content.seconds ?? 0;
    this.tellDropped();
    this.strokes += (content.events ?? []).filter(({ kind, listener }) => kind === "on" && !listener).length;
    if (this.on) this.link.post();
  }
  on_stale() {
    if (this.on) this.ended("status.other_page");
  }
  on_refused(content) {
    if (content.asked === "block" || content.asked === "poll") this.link.acked(content.seq ?? 0);
    if (content.asked === "choose") this.link.came("choose");
    if (content.asked === "start") this.refuse();
    else if (content.asked === "stop" && this.state === "stopping") this.stopped();
  }
  on_chosen() {
    this.link.came("choose");
  }
  on_stopped() {
    this.link.came("stop");
  }
  /** The page goes away. */
  close() {
    this.endChecks();
    if (this.on) this.sendStop();
    this.release();
    this.source.close();
    this.state = "closed";
  }
};

// settings.js
var Settings = class {
  /**
   * @param {Object} does What the page does: `rename()`, `monitor()`.
   */
  constructor({ say, names }, does) {
    this.names = names;
    this.style = h("select", { class: "pl-style" });
    this.style.addEventListener("change", () => {
      names.style = this.style.value;
      does.rename();
    });
    this.keep = tick(() => say("keep"), "pl-keep");
    this.flash = tick(() => say("flash"), "pl-flash-switch");
    this.vibrate = tick(() => say(navigator.vibrate ? "vibrate" : "vibrate_cannot"), "pl-buzz-switch");
    this.vibrate.input.disabled = !navigator.vibrate;
    const ways = ["off", "gain", "band"].map((mode) => h("option", { value: mode }, () => say(`back.${mode}`)));
    this.back = h("select", { class: "pl-monitor", onchange: does.monitor }, ...ways);
    this.volume = h("input", { type: "range", min: 0, max: 2, step: 0.05, value: 0.5, oninput: does.monitor });
    this.node = h(
      "section",
      { class: "pl-settings" },
      labelled(() => say("note_names"), this.style),
      this.keep.node,
      this.flash.node,
      this.vibrate.node,
      h(
        "details",
        {},
        h("summary", {}, () => say("back")),
        h("p", { class: "pl-warning" }, () => say("back.warning")),
        labelled(() => say("back.sound"), this.back),
        labelled(() => say("back.loud"), this.volume)
      )
    );
  }
  /** Offer the styles of note names that the kernel knows. */
  offerStyles(tables) {
    this.names.learn(tables);
    const option = (style) => h("option", { value: style, selected: style === this.names.style }, this.names.sample(style));
    this.style.replaceChildren(...Object.keys(tables).map(option));
  }
  /** Whether takes are kept at first, and where. */
  offerKeeping(keep, folder) {
    this.keep.input.checked = keep;
    this.keep.label.title = folder;
  }
  /** How every note is signalled. */
  get signals() {
    return { flash: this.flash.input.checked, vibrate: this.vibrate.input.checked };
  }
};

// soundcheck.js
var CHECK_KEY = 60;
var FULL2 = 0.999;
var FAINT = 0.01;
var NOTHING = 2e-3;
var PATIENCE_S = 4;
var STROKE_S = 1;
var HOLD2 = 0.98;
var SoundCheck = class {
  constructor() {
    this.state = "offered";
  }
  begin() {
    Object.assign(this, { state: "asking", last: null, top: 0, seconds: 0 });
  }
  close() {
    this.state = "closed";
  }
  /** @param {number} peak The loudest sample of the last sound, in [0, 1]. @param {number} seconds Heard so far. */
  loud(peak, seconds) {
    this.seconds = seconds;
    this.top = Math.max(peak, HOLD2 * this.top);
    if (this.last && seconds - this.last.seconds < STROKE_S) this.last.peak = Math.max(peak, this.last.peak);
  }
  /** A key was heard; once middle C was, the check has done what it can, and every later stroke of it is judged anew. */
  struck(midi, confidence) {
    if (this.state === "asking" || midi === CHECK_KEY) this.last = { midi, confidence, peak: this.top, seconds: this.seconds };
    if (midi === CHECK_KEY) this.state = "heard";
  }
  get level() {
    return this.last.peak >= FULL2 ? "clipped" : this.last.peak < FAINT ? "faint" : "good";
  }
  /**
   * What to say now, as the last parts of the keys of texts, with their values.
   * @param {function(number): string} nameOf
   * @returns {Array<[string, Object]>}
   */
  says(nameOf) {
    const key = { name: nameOf(CHECK_KEY) };
    if (this.state === "offered") return [["offer", {}]];
    if (this.state === "heard") {
      const percent = Math.round(100 * this.last.confidence);
      return [["heard", { ...key, percent }], [`level_${this.level}`, {}]];
    }
    if (this.state !== "asking") return [];
    if (this.last) return [["other", { heard: nameOf(this.last.midi) }], ["play", key]];
    if (this.seconds < PATIENCE_S) return [["play", key]];
    return [["play", key], [this.top < NOTHING ? "nothing" : "no_note", {}]];
  }
};

// setup.js
var BUTTONS = { offered: ["begin", "later"], asking: [], heard: ["done"], closed: [] };
var SetUp = class {
  /**
   * @param {Object} does What the page does: `begin()` listens, `done()` stops to listen, `ask(midi)` marks a key, or
   *   none for null.
   */
  constructor({ say, names }, does) {
    Object.assign(this, { say, names, does });
    this.check = new SoundCheck();
    this.text = h("p", { class: "pl-check-text", role: "status" });
    this.buttons = h("p", { class: "pl-check-buttons" });
    this.node = h("section", { class: "pl-check", "aria-label": () => say("check.title") }, this.text, this.buttons);
    this.again = h("button", { type: "button", class: "pl-check-again", onclick: () => does.begin() }, () => say("check.begin"));
    this.show();
  }
  /** Whether the check listens now: what is played is no take. */
  get runs() {
    return this.check.state === "asking" || this.check.state === "heard";
  }
  begin() {
    this.check.begin();
    this.does.ask(CHECK_KEY);
    this.show();
  }
  /** The check is over, or the player needs none. */
  close() {
    this.check.close();
    this.does.ask(null);
    this.show();
  }
  loud(peak, seconds) {
    if (!this.runs) return;
    this.check.loud(peak, seconds);
    this.show();
  }
  struck(midi, confidence) {
    this.check.struck(midi, confidence);
    this.show();
  }
  show() {
    const { state } = this.check;
    this.node.hidden = state === "closed";
    this.node.dataset.check = state;
    this.again.hidden = state !== "closed";
    const says = () => this.check.says((midi) => this.names.of(midi));
    word(this.text, () => says().map(([name, values]) => this.say(`check.${name}`, values)).join(" "));
    if (state === this.shown) return;
    this.shown = state;
    this.buttons.replaceChildren(...BUTTONS[state].map((name) => this.button(name)));
  }
  button(name) {
    const act = { begin: () => this.does.begin(), later: () => this.close(), done: () => this.does.done() }[name];
    return h("button", { type: "button", class: `pl-check-${name}`, onclick: act }, () => this.say(`check.${name}`));
  }
};

// status.js
var Status = class {
  constructor({ say }) {
    this.say = say;
    this.complains = false;
    this.node = h("p", { class: "pl-status", role: "status" });
  }
  /** @param {Object | function(): Object} values A function gives those of the language of the moment. */
  tell(key, values) {
    this.complains = false;
    word(this.node, () => this.say(key, typeof values === "function" ? values() : values));
  }
  /** The kernel has worded this: in another language it stands as it is, so a switch says it anew or takes it away. */
  refuse(text) {
    this.complains = true;
    word(this.node, () => `⚠ ${text}`);
  }
};

// verdicts.js
var IN_TIME = ["right"];
var RIGHT = ["right", "late", "early"];
var EXTRA = ["extra", "doubled"];
var DOUBT = ["perhaps"];
function counted(verdicts) {
  const n = (kinds) => verdicts.filter(({ what }) => kinds.includes(what)).length;
  return { n: verdicts.length - n([...EXTRA, ...DOUBT]), right: n(RIGHT), in_time: n(IN_TIME), extra: n(EXTRA) };
}

// takes.js
var SHIFTS_MS = [-100, -10, 10, 100];
var STEPS = [-12, -1, 1, 12];
var SAME_S = 2e-3;
var shownName = (name) => name.replace("T", " ");
var Takes = class {
  /** @param {function(Object): void} send */
  constructor({ say, names }, send) {
    Object.assign(this, { say, names, send });
    this.list = h("ul", { class: "pl-takes" });
    const region = (key) => ({ role: "region", "aria-label": () => say(key), tabindex: 0 });
    this.report = h("div", { class: "pl-report", "aria-live": "polite", ...region("report.region") });
    this.table = h("div", { class: "pl-scroll", ...region("labels.region") });
    this.editor = h("details", { class: "pl-editor", hidden: true }, h("summary", {}, () => say("labels.correct")), this.table);
    this.rows = /* @__PURE__ */ new Map();
    this.node = h(
      "section",
      { class: "pl-after", hidden: true },
      h("h3", {}, () => say("takes.title")),
      this.list,
      this.report,
      this.editor
    );
  }
  /** A take is new, or known better; see TakeFields in pianolab/live/messages.py. */
  add(take) {
    this.node.hidden = false;
    const row = h("li", {}, h("span", { class: "pl-take-name" }, () => this.described(take)), ...this.buttons(take));
    const old = this.rows.get(take.name);
    const resume = heldFocus(old);
    const player = old?.querySelector("audio");
    if (player) row.append(player);
    if (old) old.replaceWith(row);
    else this.list.prepend(row);
    this.rows.set(take.name, row);
    resume(row);
  }
  described({ name, seconds, n_notes: n, folder, labels, missing_s: missing, cut, gone }) {
    const values = { name: shownName(name), seconds: seconds.toFixed(1), n, folder };
    return [
      this.say(folder ? "takes.kept" : "takes.in_memory", values),
      gone ? "" : this.say(`labels.${labels}`),
      missing ? this.say("takes.missing", { seconds: missing.toFixed(1) }) : "",
      cut ? this.say(gone ? "takes.gone" : "takes.cut") : ""
    ].filter(Boolean).join(" · ");
  }
  buttons({ name, folder, gone }) {
    if (gone) return [];
    const button = (kind, message) => h(
      "button",
      { type: "button", class: `pl-${kind}`, onclick: () => this.act(message, name) },
      () => this.say(`takes.${kind}`),
      h("span", { class: "pl-unseen" }, " ", () => this.say("takes.take", { name }))
    );
    const unsaved = folder ? [] : [button("save", { type: "save" }), button("forget", { type: "forget" })];
    return [button("play", { type: "play" }), ...unsaved, button("labels", { type: "label", edit: "show" })];
  }
  act(message, take) {
    if (message.edit === "show") this.editor.open = true;
    this.send({ ...message, take });
  }
  saved(asked, take) {
    const row = this.rows.get(asked);
    this.rows.delete(asked);
    if (row) this.rows.set(take.name, row);
    this.add(take);
  }
  /** @param {Element} otherwise Where the keyboard goes when no take is left. */
  forget(name, otherwise) {
    const resume = heldFocus(this.rows.get(name));
    this.rows.get(name)?.remove();
    this.rows.delete(name);
    this.report.replaceChildren();
    this.editor.hidden = true;
    this.node.hidden = !this.rows.size;
    resume(this.rows.size ? this.list : otherwise);
  }
  /** Play the sound of a take. */
  sound(name, mime, data) {
    const url = URL.createObjectURL(new Blob([data], { type: mime }));
    const player = h("audio", { controls: true, src: url, "aria-label": () => this.say("takes.take", { name }) });
    const row = this.rows.get(name);
    row?.querySelector("audio")?.remove();
    row?.append(player);
    player.play().catch(() => {
    });
  }
  /** What was right, and how the detectors did; see Report in pianolab/live/messages.py. */
  show({ take, verdicts, scores, protocol }) {
    this.protocol = protocol;
    const parts = [];
    if (verdicts.length) parts.push(...this.lost(take), h("p", { class: "pl-result" }, () => this.result(verdicts)), this.played(verdicts));
    if (scores.length) parts.push(this.ways(scores));
    this.report.replaceChildren(...parts);
  }
  /** That a part of the sound is not there is said before anything that is said of the rest. */
  lost(take) {
    const seconds = take?.missing_s ?? 0;
    const texts = [
      seconds && (() => this.say("report.lost", { seconds: seconds.toFixed(1) })),
      take?.cut && (() => this.say("report.cut"))
    ];
    return texts.filter(Boolean).map((text) => h("p", { class: "pl-alert pl-lost" }, text));
  }
  result(verdicts) {
    const { extra, ...counts } = counted(verdicts);
    return [this.say("report.result", counts), extra ? this.say("report.extra", { n: extra }) : ""].filter(Boolean).join(" · ");
  }
  /** What the scores mean, in another language. */
  translate(protocol) {
    this.protocol = protocol;
  }
  known(value, text) {
    return value == null ? () => this.say("report.unknown") : text;
  }
  played(verdicts) {
    const { say, names } = this;
    const head = ["verdict", "asked", "heard", "at", "off_beat"].map((name) => () => say(`report.${name}`));
    return table(() => say("report.played"), head, verdicts.map((verdict) => [
      () => say(`verdict.${verdict.what}`),
      this.known(verdict.asked, () => names.of(verdict.asked)),
      this.known(verdict.heard, () => names.of(verdict.heard)),
      () => say("report.seconds", { seconds: verdict.time_s.toFixed(2) }),
      this.known(verdict.off_s, () => say("report.ms", { ms: signed(1e3 * verdict.off_s) }))
    ]));
  }
  /** How well each detector did: not what a player looks for first. */
  ways(scores) {
    const protocol = h("p", { class: "pl-small" }, () => this.protocol);
    return h("details", { class: "pl-scores" }, h("summary", {}, () => this.say("scores.title")), this.scored(scores), protocol);
  }
  scored(scores) {
    const { say } = this;
    const shares = ["onset_precision", "onset_recall", "onset_f1", "note_f1"];
    const head = ["detector", "precision", "recall", "onset_f1", "note_f1", "onset_bias"].map((name) => () => say(`scores.${name}`));
    return table(() => say("scores.title"), head, scores.map((score) => [
      score.detector,
      ...shares.map((name) => this.known(score[name], String(score[name]))),
      this.known(score.onset_bias_ms, () => say("report.ms", { ms: signed(score.onset_bias_ms) }))
    ]));
  }
  /** The labels of a take, each with its corrections. */
  labels({ take, notes }) {
    const { say } = this;
    this.add(take);
    this.editor.hidden = false;
    const caption = () => say("labels.caption", { name: shownName(take.name), state: say(`labels.${take.labels}`) });
    const head = ["note", "begins", "lasts", "move"].map((name) => () => say(`labels.${name}`));
    const rows = notes.map((note, index) => [
      () => this.names.of(note.midi),
      note.onset_s.toFixed(3),
      (note.offset_s - note.onset_s).toFixed(2),
      this.corrections(take, note, index)
    ]);
    const confirmed = () => this.edit(take, { edit: "confirm" });
    const confirm = h("button", { type: "button", class: "pl-confirm", onclick: confirmed }, () => say("labels.confirm"));
    const resume = heldFocus(this.table);
    this.table.replaceChildren(table(caption, head, rows), this.adding(take), confirm);
    resume(this.table);
    this.follow(notes);
  }
  /** A label that was moved or has another key may stand in another row: the keyboard goes with it. */
  follow(notes) {
    const { table: box, moved } = this;
    this.moved = null;
    if (!moved || !box.contains(box.getRootNode().activeElement)) return;
    const at = notes.findIndex(({ midi, onset_s: onset }) => midi === moved.midi && Math.abs(onset - moved.onset) < SAME_S);
    const row = box.querySelectorAll("tbody>tr")[at];
    row?.querySelectorAll(`.pl-${moved.kind}`)[moved.column]?.focus();
  }
  corrections(take, { midi, onset_s: onset }, index) {
    const which = () => this.say("labels.one", { name: this.names.of(midi), seconds: onset.toFixed(2) });
    const button = (kind, change, text, moved = null) => {
      const changed = () => {
        this.moved = moved && { midi, onset, kind, ...moved };
        this.edit(take, { index, ...change });
      };
      const unseen = h("span", { class: "pl-unseen" }, " ", which);
      return h("button", { type: "button", class: `pl-${kind}`, onclick: changed }, text, unseen);
    };
    const shift = (ms, column) => button(
      "shift",
      { edit: "shift", seconds: ms / 1e3 },
      () => this.say("labels.shift", { ms: signed(ms) }),
      { onset: Math.max(0, onset + ms / 1e3), column }
    );
    const pitch = (keys, column) => button(
      "pitch",
      { edit: "rename", keys },
      () => this.say("labels.pitch", { n: Math.abs(keys), step: signed(keys) }),
      { midi: midi + keys, column }
    );
    const remove = button("delete", { edit: "delete" }, () => this.say("labels.delete"));
    return h("span", {}, ...SHIFTS_MS.map(shift), ...STEPS.map(pitch), remove);
  }
  /** A note that was played and stands in no row. */
  adding(take) {
    const key = h("select", { class: "pl-add-key" }, ...MIDIS.map((midi) => h("option", { value: midi }, () => this.names.of(midi))));
    key.value = 60;
    const at = h("input", { class: "pl-add-at", type: "number", min: 0, max: take.seconds, step: 0.01, value: 0 });
    const add = () => this.edit(take, { edit: "add", midi: Number(key.value), seconds: at.valueAsNumber || 0 });
    return h(
      "div",
      { class: "pl-adding" },
      labelled(() => this.say("labels.add_key"), key),
      labelled(() => this.say("labels.add_at"), at),
      h("button", { type: "button", class: "pl-add", onclick: add }, () => this.say("labels.add"))
    );
  }
  edit(take, change) {
    this.send({ type: "label", take: take.name, ...change });
  }
};

// view.js
var STORAGE = () => localStorage;
var View = class {
  /**
   * @param {HTMLElement} el Where the page goes.
   * @param {import("./source.js").Source} source
   * @param {import("./texts.js").Texts} texts
   * @param {function(function, function): import("./capture.js").Capture} microphone
   */
  constructor(el, source, texts, microphone) {
    const stored = storedLanguage(STORAGE, texts);
    texts.use(stored);
    this.texts = texts;
    this.say = texts.say;
    this.context = new Context(texts);
    this.session = new Session(uniqueId(), source, microphone, this);
    this.makeParts();
    el.replaceChildren(this.build());
    this.stateChanged();
    this.status("status.waiting");
    this.onHidden = () => this.session.watch.hidden(document.hidden);
    this.onDevices = () => this.controls.offerDevices();
    document.addEventListener("visibilitychange", this.onHidden);
    navigator.mediaDevices?.addEventListener?.("devicechange", this.onDevices);
    this.session.hello(stored);
  }
  makeParts() {
    const { context, session } = this;
    const send = (message) => session.send(message);
    this.alerts = new Alerts(context);
    this.line = new Status(context);
    this.controls = new Controls(context, () => this.pressed());
    this.asks = new Asks(context, (name) => send({ type: "ask", name }));
    this.modes = new Modes(context, (detector) => this.choices.use(detector));
    this.choices = new Choices(context, (choices) => send({ type: "choose", choices }));
    this.prompt = new PromptBox(context);
    this.learn = new Learn(context, send, () => {
      if (session.state === "ready") this.pressed();
    });
    this.takes = new Takes(context, send);
    this.log = new NoteLog(context);
    this.counts = new Counts(context, session);
    this.pictures = new Pictures(context, session);
    this.listeners = new Listeners(context, { ...this, onStroke: (stroke) => this.struck(stroke) });
    this.settings = new Settings(context, { rename: () => this.rename(), monitor: () => this.monitor() });
    this.languages = new Languages(context, (language) => this.speak(language));
    this.setUp = new SetUp(context, {
      begin: () => this.beginCheck(),
      done: () => session.stop(),
      ask: (midi) => this.listeners.ask(midi)
    });
  }
  build() {
    const { say } = this;
    const attributes = { class: "pianolab", "data-lm-suppress-shortcuts": "true", role: "region" };
    this.root = h(
      "div",
      { ...attributes, lang: () => this.texts.language, "aria-label": () => say("live_view") },
      this.log.flashBox,
      this.controls.node,
      this.line.node,
      this.alerts.node,
      this.log.spoken,
      this.setUp.node,
      this.takes.report,
      this.prompt.node,
      this.listeners.node,
      h("div", { class: "pl-tools" }, this.asks.node, this.modes.node, this.controls.field, this.languages.node, this.setUp.again),
      this.pictures.node,
      this.takes.node,
      this.learn.node,
      this.settings.node,
      h("details", { class: "pl-how" }, h("summary", {}, () => say("choices")), this.choices.node),
      h("section", { class: "pl-text" }, h("h3", {}, () => say("log.title")), this.log.box, this.counts.node),
      h("p", { class: "pl-small" }, () => say("privacy"))
    );
    this.context.root = this.root;
    return this.root;
  }
  // -- what the player does
  pressed() {
    if (this.session.state === "running") this.session.stop();
    else this.session.start({ ...this.controls.chosen, keep: this.settings.keep.input.checked });
  }
  /** Listen without a take, until middle C was heard. */
  beginCheck() {
    if (this.session.state !== "ready") return;
    this.setUp.begin();
    this.session.start({ ...this.controls.chosen, keep: false });
  }
  /** Speak another language from now on: the page at once, the kernel as soon as it answers. */
  speak(language) {
    storeLanguage(STORAGE, language);
    this.useLanguage(language);
    this.session.send({ type: "language", language });
  }
  useLanguage(language) {
    this.texts.use(language);
    this.languages.show();
    this.rename();
    reword(this.root);
  }
  /** The note names have changed. */
  rename() {
    this.listeners.rename();
    this.prompt.draw();
    this.setUp.show();
    reword(this.log.box);
    for (const part of [this.takes.node, this.takes.report]) reword(part);
    this.pictures.redraw();
  }
  /** The sound of the microphone back, around the note heard if the player wishes. */
  monitor() {
    const note = this.listeners.now[0]?.[0];
    const hz = note ? keyHz(note.midi, this.choices.a4Hz) : null;
    this.session.capture?.monitor(this.settings.back.value, Number(this.settings.volume.value), hz);
  }
  struck(stroke) {
    this.log.signal(this.settings.signals);
    if (this.setUp.runs) this.setUp.struck(stroke.midi, stroke.confidence);
    else this.prompt.strike(stroke);
  }
  // -- what the session tells
  stateChanged() {
    const { session } = this;
    this.root.dataset.state = session.state;
    for (const part of [this.controls, this.asks, this.choices]) part.show(session);
    this.settings.keep.input.disabled = session.state !== "ready";
    if (session.state === "starting") this.clear();
    else if (!session.on) this.rest();
    if (session.state === "running" ? !this.setUp.runs : session.state === "ready" && this.setUp.runs) this.setUp.close();
    if (session.state === "running") {
      this.monitor();
      this.controls.offerDevices();
    }
    this.pictures.redraw();
  }
  /** A new take begins. */
  clear() {
    for (const part of [this.listeners, this.pictures, this.log, this.counts]) part.clear();
    this.prompt.restart();
  }
  /** Nothing sounds any more. */
  rest() {
    this.listeners.rest();
    this.controls.quiet();
  }
  troublesChanged() {
    this.alerts.show(this.session.troubles);
  }
  /** A take ended because no answer came; `name` is the one that it was listed by until more is known of it. */
  cutOff(take, name = take.name) {
    if (!this.setUp.runs) this.takes.saved(name, take);
  }
  status(key, values) {
    this.line.tell(key, values);
  }
  // -- what the kernel answers
  answered(content, buffers) {
    this[`on_${content.type}`]?.(content, buffers);
  }
  on_ready(content) {
    this.settings.offerKeeping(content.keep, content.folder);
    this.modes.offer(content.modes);
    this.choices.offer(content.menu, content.choices);
    this.prompt.ask(content.prompt);
    this.listenWith(content.choices);
    for (const take of content.takes) this.takes.add(take);
    if (content.takes.length) this.setUp.close();
    this.settings.offerStyles(content.names);
    this.languages.offer(content.languages);
    this.translate(content);
    this.status("status.ready", () => ({ how: this.modes.how(content.choices) }));
    if (content.problem) this.line.refuse(content.problem);
    this.controls.offerDevices();
  }
  on_spoken(content) {
    this.takes.translate(content.protocol);
    this.translate(content);
    this.listeners.translate(content.chords);
    if (!this.line.complains) return;
    if (content.problem) this.line.refuse(content.problem);
    else this.status("status.chosen", () => ({ how: this.modes.how(this.choices.accepted) }));
  }
  /** All that the kernel words itself, in the language that holds from here on. */
  translate(content) {
    this.controls.offerSources(content.sources);
    this.choices.translate(content.menu);
    this.asks.offer(content.asks);
    this.prompt.translate(content.prompt);
    this.learn.show(content.learning);
    this.useLanguage(content.language);
  }
  on_heard(content, buffers) {
    this.listeners.take(content.events, content.now, content.pedals);
    this.listeners.turnAway(content.away);
    this.pictures.heard(content.seconds, buffers?.[0]);
    this.controls.loudness(content.level_db, content.peak);
    this.setUp.loud(content.peak, content.seconds);
    if (this.settings.back.value === "band") this.monitor();
    if (content.problem) this.line.refuse(content.problem);
    if (content.learning) this.learn.show(content.learning);
    this.counts.heard(content);
  }
  on_chosen(content) {
    this.choices.accept(content.choices);
    this.listeners.take(content.events);
    this.listenWith(content.choices);
    this.status("status.chosen", () => ({ how: this.modes.how(content.choices) }));
  }
  on_asked(content) {
    this.prompt.ask(content.prompt);
    this.takes.report.replaceChildren();
  }
  on_learning(content) {
    this.learn.show(content);
  }
  on_refused(content) {
    this.line.refuse(content.text);
    if (content.asked !== "choose") return;
    this.choices.restore();
    this.modes.show(this.listeners.polyphonic);
  }
  on_stopped(content) {
    this.listeners.take(content.events);
    this.counts.stopped(content.counts);
    if (this.setUp.runs) {
      this.checked = content.take?.name;
      if (this.checked) this.session.send({ type: "forget", take: this.checked });
      return;
    }
    if (content.take) this.takes.add(content.take);
    this.takes.show(content);
    if (content.take?.labels === "proposed") this.session.send({ type: "label", take: content.take.name, edit: "show" });
  }
  on_saved(content) {
    this.takes.saved(content.asked, content.take);
    this.status("status.saved", { folder: content.take.folder });
  }
  on_forgotten(content) {
    if (content.take === this.checked) return;
    this.takes.forget(content.take, this.controls.node);
    this.status("status.forgotten");
  }
  on_labels(content) {
    this.takes.labels(content);
    this.takes.show(content);
  }
  on_audio(content, buffers) {
    this.takes.sound(content.take, content.mime, buffers[0]);
  }
  listenWith(choices) {
    this.listeners.listenWith(choices.map(({ detector }) => detector), (detector) => this.choices.polyphonic(detector));
    this.modes.show(this.listeners.polyphonic);
  }
  /** The page goes away. */
  close() {
    this.session.close();
    this.log.silence();
    this.learn.close();
    this.pictures.close();
    document.removeEventListener("visibilitychange", this.onHidden);
    navigator.mediaDevices?.removeEventListener?.("devicechange", this.onDevices);
  }
};

// text:worklet.js
var worklet_default = `// In the browser's audio thread: the microphone's samples become numbered blocks of 16-bit whole numbers.
// This file has no imports, because the browser runs its text by itself.

class Blocks extends AudioWorkletProcessor {
  constructor(options) {
    super();
    this.block = new Int16Array(options.processorOptions.block);
    this.filled = 0; // samples in the block so far
    this.first = -1; // the context's number of the first sample
    this.start = 0; // number of the block's first sample, counted from the first of all
    this.over = false;
    this.port.onmessage = () => {
      this.post();
      this.port.postMessage({ ended: true });
      this.over = true;
    };
  }

  post() {
    if (!this.filled) return;
    const pcm = this.block.slice(0, this.filled);
    this.port.postMessage({ frame: this.start, pcm: pcm.buffer, n: this.filled, at: Date.now() }, [pcm.buffer]);
    this.start += this.filled;
    this.filled = 0;
  }

  process(inputs) {
    if (this.over) return false;
    const input = inputs[0][0];
    if (!input) return true;
    if (this.first < 0) this.first = currentFrame;
    if (currentFrame !== this.first + this.start + this.filled) {
      this.post(); // Samples never came: the next block begins behind the hole, and its number says so.
      this.start = currentFrame - this.first;
    }
    for (const x of input) {
      this.block[this.filled++] = Math.max(-32768, Math.min(32767, Math.round(x * 32768)));
      if (this.filled === this.block.length) this.post();
    }
    return true;
  }
}

registerProcessor("pianolab-blocks", Blocks);
`;

// main.js
var main_default = {
  render({ model, el }) {
    const place2 = document.body.dataset.voila ? "page" : "lab";
    const microphone = (onBlock, onTrouble) => new Capture(worklet_default, onBlock, onTrouble);
    const view = new View(el, new KernelSource(model, place2), new Texts({ en: page_default, ko: page_default2 }), microphone);
    return () => view.close();
  }
};
export {
  main_default as default
};

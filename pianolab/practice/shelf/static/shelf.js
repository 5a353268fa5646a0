// The page of the library: asks the server, and shows what it says. Its texts come with the page.
"use strict";

const { language, texts } = JSON.parse(document.getElementById("said").textContent);
const token = new URLSearchParams(location.search).get("token") || "";
const at = (id) => document.getElementById(id);

function say(key, values = {}) {
  let text = texts[key];
  if (typeof text === "object") text = values.n === 1 ? text.one : text.other;
  return (text || key).replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

function tell(news, wrong = "") {
  at("news").textContent = news;
  at("wrong").textContent = wrong;
}

async function ask(path, settings = {}) {
  let answer;
  try {
    answer = await fetch(path, { ...settings, headers: { Authorization: `Bearer ${token}` } });
  } catch {
    throw new Error(say("error.away"));
  }
  if (answer.ok) return answer;
  const { error } = await answer.json().catch(() => ({ error: { code: "failed", text: "" } }));
  const known = `error.${error.code}` in texts ? `error.${error.code}` : "error.failed";
  throw new Error(`${say(known)} ${error.text}`.trim());
}

function made(tag, text = "", settings = {}) {
  return Object.assign(document.createElement(tag), { textContent: text, ...settings });
}

function button(key, item, act) {
  const one = made("button", say(key), { type: "button" });
  one.setAttribute("aria-label", `${say(key)}: ${item.title}`);
  one.addEventListener("click", () => act(item).catch((error) => tell("", error.message)));
  return one;
}

let asked = 0;

async function list() {
  const mine = ++asked;
  const query = new URLSearchParams({ words: at("words").value, kind: at("kind").value, grade: at("grade").value });
  const { items } = await (await ask(`/library?${query}`)).json();
  if (mine !== asked) return; // A later question was answered first.
  at("items").replaceChildren(...items.map(entry));
  if (!items.length) at("items").append(made("li", say(at("words").value ? "nothing_found" : "empty")));
}

function entry(item) {
  const row = made("li");
  const more = [say(`kind_${item.kind}`), item.composer, item.licence, item.tags.join(", ")];
  if (item.grade !== null) more.splice(1, 0, say("of_grade", { grade: item.grade }));
  row.append(
    made("h2", item.also ? `${item.title} (${item.also})` : item.title),
    made("p", more.filter(Boolean).join(" · ")),
    button("open", item, open),
    button("change", item, change),
    button("download", item, download),
    button("remove", item, remove),
  );
  return row;
}

async function blob(item) {
  return URL.createObjectURL(await (await ask(`/library/${item.number}/file`)).blob());
}

async function open(item) {
  const inside = at("shown-inside");
  at("shown-title").textContent = item.title;
  if (item.kind === "score") {
    const { pages } = await (await ask(`/library/${item.number}/score`)).json();
    const read = (text) => new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
    inside.replaceChildren(...pages.map((text) => document.adoptNode(read(text))));
    inside.querySelectorAll("svg").forEach((page, i) => {
      page.setAttribute("role", "img");
      page.setAttribute("aria-label", say("page_of", { title: item.title, n: i + 1 }));
    });
  } else if (item.kind === "image") {
    inside.replaceChildren(made("img", "", { src: await blob(item), alt: item.title }));
  } else {
    inside.replaceChildren(made("audio", "", { src: await blob(item), controls: true }));
  }
  at("shown").showModal();
}

async function change(item) {
  const form = at("change");
  for (const name of ["title", "composer", "licence"]) form.elements[name].value = item[name];
  form.elements.grade.value = item.grade ?? "";
  form.elements.tags.value = item.tags.join(", ");
  at("changing").returnValue = "cancel";
  at("changing").showModal();
  at("changing").onclose = async () => {
    if (at("changing").returnValue !== "save") return;
    const said = Object.fromEntries(["title", "composer", "licence"].map((name) => [name, form.elements[name].value]));
    const grade = form.elements.grade.value === "" ? null : Number(form.elements.grade.value);
    const tags = form.elements.tags.value.split(",").map((tag) => tag.trim()).filter(Boolean);
    try {
      await ask(`/library/${item.number}`, { method: "PATCH", body: JSON.stringify({ ...said, grade, tags }) });
      tell(say("changed", { title: said.title }));
      await list();
    } catch (error) {
      tell("", error.message);
    }
  };
}

async function download(item) {
  const link = made("a", "", { href: await blob(item), download: item.name || item.title });
  link.click();
}

async function remove(item) {
  if (!confirm(say("remove_sure", { title: item.title }))) return;
  await ask(`/library/${item.number}`, { method: "DELETE" });
  tell(say("removed", { title: item.title }));
  await list();
}

async function bring(files) {
  const added = [], wrong = [];
  for (const file of files) {
    tell(say("adding", { name: file.name }));
    try {
      const answer = await ask(`/library?${new URLSearchParams({ name: file.name })}`, { method: "POST", body: file });
      added.push((await answer.json()).title);
    } catch (error) {
      wrong.push(error.message);
    }
  }
  tell(added.length ? say("added", { titles: added.join(", ") }) : "", wrong.join(" "));
  await list();
}

for (const place of document.querySelectorAll("[data-text]")) place.textContent = say(place.dataset.text);
for (let grade = 1; grade <= 10; grade++) at("grade").append(made("option", String(grade)));
at("language").value = language;
at("language").addEventListener("change", () => {
  location.search = new URLSearchParams({ token, language: at("language").value });
});
const again = () => list().catch((error) => tell("", error.message));
at("ask").addEventListener("input", again);
at("ask").addEventListener("submit", (event) => event.preventDefault());
at("file").addEventListener("change", () => bring([...at("file").files]).then(() => (at("file").value = "")));
at("bring").addEventListener("dragover", (event) => event.preventDefault());
at("bring").addEventListener("drop", (event) => {
  event.preventDefault();
  bring([...event.dataTransfer.files]);
});
at("close").addEventListener("click", () => at("shown").close());
at("shown").addEventListener("close", () => at("shown-inside").replaceChildren());
again();

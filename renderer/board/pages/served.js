
// Follows the server: when the files have changed, the page is fetched again and replaced, with what a reader has
// opened, typed and selected kept as it is.
(() => {
  const { version, root } = document.body.dataset;
  if (!version) return;
  const note = document.getElementById("stream");
  const live = new Map(), sources = new Map(), alarms = new Map();
  let current = version, busy = false, missed = false;

  function say(text) {
    note.hidden = !text;
    note.textContent = text;
  }

  // Puts what the clusters have into its places. The HTML comes from the server, which has escaped every text in it.
  function fill(slot, html) {
    if (slot.live === html) return;
    slot.live = html;
    slot.replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
    for (const each of slot.querySelectorAll("time")) each.textContent = new Date(each.dateTime).toLocaleTimeString();
  }

  function fillAll() {
    for (const slot of document.querySelectorAll("[data-live]")) fill(slot, live.get(slot.dataset.live) || "");
    for (const slot of document.querySelectorAll("[data-alarms]")) fill(slot, alarms.get(slot.dataset.alarms) || "");
    for (const slot of document.querySelectorAll("[data-source]")) {
      const text = sources.get(slot.dataset.source) || "";
      if (slot.textContent !== text) slot.textContent = text;
    }
  }

  function kept() {
    const inputs = [...document.querySelectorAll("#page input[id], #page select[id]")];
    return {
      values: inputs.map((input) => [input.id, input.value]),
      pressed: [...document.querySelectorAll("#page button[aria-pressed=true]")].map((button) => button.value),
      details: [...document.querySelectorAll("#page details[id]")].map((each) => [each.id, each.open]),
      focus: document.activeElement && document.activeElement.id,
    };
  }

  function restore({ values, pressed, details, focus }) {
    const known = new Map(details);
    for (const each of document.querySelectorAll("#page details[id]")) if (known.has(each.id)) each.open = known.get(each.id);
    for (const [id, value] of values) {
      const input = document.getElementById(id);
      if (input) input.value = value;
    }
    for (const button of document.querySelectorAll("#page button[aria-pressed]")) {
      button.setAttribute("aria-pressed", pressed.includes(button.value));
    }
    startBoard();
    fillAll();
    const element = focus && document.getElementById(focus);
    if (element) element.focus({ preventScroll: true });
  }

  async function replace() {
    const answer = await fetch(location.href, { redirect: "error" });
    // Without its style, which has another nonce than this page: the browser would report it, and we have it already.
    const text = (await answer.text()).replace(/<style[^>]*>[^]*?<\/style>/, "");
    const page = new DOMParser().parseFromString(text, "text/html");
    const next = page.getElementById("page");
    if (answer.status === 202) {
      setTimeout(follow, 1000);
      return page.getElementById("progress").textContent;
    }
    if (!answer.ok || !next) throw new Error(`the server answers ${answer.status}`);
    const state = kept();
    document.getElementById("page").replaceWith(next);
    current = page.body.dataset.version || current;
    restore(state);
    return "";
  }

  async function follow() {
    if (busy) {
      missed = true;
      return;
    }
    busy = true;
    try {
      say(await replace());
    } catch (error) {
      say(`This page could not be brought up to date: ${error.message}`);
    }
    busy = false;
    if (missed) {
      missed = false;
      follow();
    }
  }

  const own = document.querySelector("[data-own]");
  const [env, app] = own ? own.dataset.live.split(" ") : [];
  const query = new URLSearchParams(own ? { version, env, app } : { version });
  const stream = new EventSource(`${root}events?${query}`);
  document.addEventListener("rows", fillAll);
  stream.addEventListener("live", (event) => {
    const news = JSON.parse(event.data);
    for (const [key, html] of Object.entries(news.apps || {})) live.set(key, html);
    for (const [key, text] of Object.entries(news.sources || {})) sources.set(key, text);
    for (const [key, html] of Object.entries(news.alarms || {})) alarms.set(key, html);
    fillAll();
  });
  stream.addEventListener("files", (event) => {
    // A form that somebody is filling in is not replaced under their hands: what it changes is checked at the commit.
    if (event.data === current) return;
    if (document.querySelector("form.commit")) say("The files have changed since this page was made. Go back, and look again.");
    else follow();
  });
  stream.addEventListener("open", () => say(""));
  stream.addEventListener("error", () => say(`The server does not answer since ${new Date().toLocaleTimeString()}: this page may be old.`));
})();

// The text of a filter → a test for events, or the first mistake in it. The language is that of
// `--filter` and of the screen; `@saved` filters stay with whoever saved them.

const LONGEST_FILTER = 4096;
const DEEPEST = 32;
const WORDS = {
  type: nameOf,
  user: userNameOf,
  run: runIdOf,
  thread: (event) => event.thread,
  call: (event) => event.call,
  op: (event) => event.kind || (typeof payloadOf(event) === "string" ? "text" : "binary"),
  dir: (event) => (event.out ? "out" : "in"),
  flag: undefined,
};
const AMOUNTS = {
  size: [(event) => (event.kind === "gap" ? undefined : event.bytes), { "": 1, k: 1024, m: 1 << 20, g: 1 << 30 }],
  dt: [deltaOf, { ns: 1, us: 1e3, ms: 1e6, s: 1e9, m: 6e10, h: 3.6e12 }],
  lat: [(event) => event.reply_ns, { ns: 1, us: 1e3, ms: 1e6, s: 1e9, m: 6e10, h: 3.6e12 }],
  conn: [(event) => event.connection || undefined, { "": 1 }],
};
const ORDERS = {
  ">=": (a, b) => a >= b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  "<": (a, b) => a < b,
};
const MEANT = { c2s: "out", "→": "out", s2c: "in", "←": "in" };
const FIELDS = [...Object.keys(WORDS), ...Object.keys(AMOUNTS), "has", "lacks", "around"];

/** The test that a text asks for; throws what is wrong with it. */
function parseFilter(text) {
  if (text.length > LONGEST_FILTER) throw new Error(`a filter has at most ${LONGEST_FILTER} characters`);
  if (!text.trim()) return undefined;
  const parser = new FilterParser(text);
  const test = parser.any(0);
  if (parser.peek()) throw new Error("nothing is open that ) closes");
  return test;
}

class FilterParser {
  constructor(text) {
    this.text = text;
    this.at = 0;
  }

  /** What comes next, spaces aside, if it looks like this; it is passed. */
  eat(pattern) {
    const found = new RegExp(`\\s*(?:${pattern.source})`, `y${pattern.flags}`);
    found.lastIndex = this.at;
    const match = found.exec(this.text);
    if (match) this.at = found.lastIndex;
    return match;
  }

  peek() {
    return this.text.slice(this.at).trimStart()[0];
  }

  any(depth) {
    const children = [this.all(depth)];
    while (this.eat(/or(?![^\s()"])/i)) children.push(this.all(depth));
    return children.length === 1 ? children[0] : (event) => children.some((child) => child(event));
  }

  all(depth) {
    const children = [this.one(depth)];
    for (;;) {
      const anded = this.eat(/and(?![^\s()"])/i);
      const isOver = !this.peek() || this.peek() === ")" || /^\s*or(?![^\s()"])/i.test(this.text.slice(this.at));
      if (isOver && !anded) break;
      children.push(this.one(depth));
    }
    return children.length === 1 ? children[0] : (event) => children.every((child) => child(event));
  }

  one(depth) {
    if (depth > DEEPEST) throw new Error(`more than ${DEEPEST} within each other`);
    if (this.eat(/\(/)) {
      const inner = this.any(depth + 1);
      if (!this.eat(/\)/)) throw new Error("a ( is never closed: add )");
      return inner;
    }
    if (this.eat(/not(?![^\s()"])/i)) {
      const inner = this.one(depth + 1);
      return (event) => !inner(event);
    }
    return this.condition();
  }

  condition() {
    let match;
    if ((match = this.eat(/"((?:[^"\\]|\\.)*)"/))) return hasText(unquoted(match[1]));
    if ((match = this.eat(/\/((?:[^/\\]|\\.)+)\//))) return matches(match[1]);
    if ((match = this.eat(/#(>=|<=|>|<)?(\d+)(?:\.\.#?(\d+))?/))) return ofFrames(match);
    if (this.eat(/(?=\$)/)) return this.pointerTest();
    if ((match = this.eat(/([a-z_]+)(?=[:=<>])/i))) return this.field(match[1]);
    match = this.eat(/[^\s()"]+/);
    if (!match) throw new Error('a condition is missing: type:NAME, user:NAME, "a text"');
    const word = match[0].trim();
    if (/^(and|or|not)$/i.test(word)) throw new Error(`${word} stands between two conditions`);
    if (/^[!~&|]/.test(word)) throw new Error("write not …, a b for and, a or b; or quote it");
    if (word.startsWith("@")) throw new Error("saved filters are not in a report");
    return hasText(word);
  }

  field(name) {
    if (name in AMOUNTS) return this.amounts(name);
    if (!FIELDS.includes(name)) throw new Error(`there is no field ${name}: ${FIELDS.join(" ")}`);
    if (!this.eat(/[:=]/)) throw new Error(`${name} is no number: ${name}:…`);
    if (name === "has") {
      const keys = this.pointer();
      return (event) => (at(event, keys) ?? undefined) !== undefined;
    }
    if (name === "around") return this.around();
    const globs = this.globs();
    if (name === "lacks") return lacks(globs);
    if (name === "flag") return (event) => globs.some((glob) => isFlagged(event, glob));
    return (event) => {
      const word = WORDS[name](event);
      return word !== undefined && globs.some((glob) => glob.meets(word));
    };
  }

  /** `a`, `a*`, `"a b"` or `{a,b}`. */
  globs() {
    const one = () => {
      const quoted = this.eat(/"((?:[^"\\]|\\.)*)"/);
      if (quoted) return new Glob(unquoted(quoted[1]), false);
      const word = this.eat(/[^\s()"{},]+/);
      if (!word) throw new Error("a value is missing");
      const text = word[0].trim();
      return new Glob(MEANT[text] ?? text, text.includes("*"));
    };
    if (!this.eat(/\{/)) return [one()];
    const globs = [one()];
    while (this.eat(/,/)) globs.push(one());
    if (!this.eat(/\}/)) throw new Error("a { is never closed: add }");
    return globs;
  }

  amounts(name) {
    const [read, units] = AMOUNTS[name];
    const number = (text) => {
      const parts = /^(\d+(?:\.\d+)?)([a-z]*)$/i.exec(text);
      let unit = parts?.[2].toLowerCase();
      if (name === "size") unit = unit?.replace(/i?b$/, "");
      if (!parts || !(unit in units)) throw new Error(`${name}: ${text} is no amount (${Object.keys(units).join(" ").trim()})`);
      return Number(parts[1]) * units[unit];
    };
    const order = this.eat(/>=|<=|>|</) ?? (this.eat(/[:=]/) && undefined);
    const word = this.eat(/[^\s()"]+/)?.[0].trim() ?? "";
    const range = (text) => {
      const [from, to] = text.split("..");
      if (to === undefined) return (amount) => amount === number(text);
      const [low, high] = [number(from), number(to)];
      return (amount) => amount >= low && amount <= high;
    };
    let tests;
    if (order) {
      const bound = number(word);
      tests = [(amount) => ORDERS[order[0].trim()](amount, bound)];
    } else {
      tests = word.replace(/^\{|\}$/g, "").split(",").map(range);
      tests.forEach((test) => test(0));
    }
    return (event) => {
      const amount = read(event);
      return amount !== undefined && tests.some((test) => test(amount));
    };
  }

  /** `$.data.items[0]` → its keys. */
  pointer() {
    if (!this.eat(/\$/)) throw new Error("a place is due: $.data.tool");
    const keys = [];
    const part = /\.([\p{L}\p{N}_-]+)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]/uy;
    for (;;) {
      part.lastIndex = this.at;
      const match = part.exec(this.text);
      if (!match) return keys;
      keys.push(match[1] ?? match[2] ?? unquoted(match[3]));
      this.at = part.lastIndex;
    }
  }

  pointerTest() {
    const keys = this.pointer();
    const order = this.eat(/>=|<=|>|</)?.[0].trim();
    if (order) {
      const word = this.eat(/[^\s()"]+/)?.[0].trim();
      const bound = Number(word);
      if (!word || !Number.isFinite(bound)) throw new Error("only numbers are more or less: $.n>5");
      return (event) => {
        const value = at(event, keys);
        return typeof value === "number" && ORDERS[order](value, bound);
      };
    }
    if (!this.eat(/[=:]/)) throw new Error("what of it? has:$.a, $.a=VALUE or $.a>5");
    const globs = this.globs();
    return (event) => {
      const value = at(event, keys);
      const isPlain = value !== undefined && value !== null && typeof value !== "object";
      return isPlain && globs.some((glob) => glob.meets(String(value)));
    };
  }

  around() {
    const code = this.eat(/[ew][\d*]{1,3}/i);
    if (!code) throw new Error("around what? a finding's code is due: around:E102 5s");
    const glob = new Glob(code[0].trim().toUpperCase(), code[0].includes("*"));
    const within = this.eat(/(\d+(?:\.\d+)?)(ms|s|m|h)(?![^\s()])/);
    const ns = within ? Number(within[1]) * AMOUNTS.dt[1][within[2]] : 5 * SECOND;
    const times = model.sight.findings.filter((finding) => glob.meets(finding.code)).map((finding) => finding.at_ns);
    return (event) => times.some((time) => Math.abs(time - event.at_ns) <= ns);
  }
}

const unquoted = (text) => text.replace(/\\(.)/g, "$1");

/** A text to be met, with `*` for anything. */
class Glob {
  constructor(text, wild) {
    const source = text.split(wild ? "*" : "\0").map((part) => part.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&"));
    this.text = text;
    this.pattern = new RegExp(`^${source.join("[^]*?")}$`);
  }

  meets(text) {
    return this.pattern.test(text);
  }
}

/** In the payload, or in the event's name. Without capitals, in any case. */
function hasText(text) {
  if (!text) throw new Error("every payload has this in it");
  const fold = (other) => (text === text.toLowerCase() ? other.toLowerCase() : other);
  return (event) => {
    if (fold(nameOf(event)).includes(text)) return true;
    const payload = payloadOf(event);
    return fold(typeof payload === "string" ? payload : latin(payload)).includes(text);
  };
}

const latin = (payload) => new TextDecoder("latin1").decode(payload);

function matches(source) {
  let pattern;
  try {
    pattern = new RegExp(source.replace(/\\\//g, "/"));
  } catch {
    throw new Error("this is no regular expression");
  }
  return (event) => {
    const payload = payloadOf(event);
    return pattern.test(typeof payload === "string" ? payload : latin(payload));
  };
}

function ofFrames([, order, from, to]) {
  const [low, high] = [Number(from), Number(to ?? from)];
  return (event) => {
    if (!event.frame) return false;
    if (order) return ORDERS[order](order.startsWith(">") ? event.frame : (event.first ?? event.frame), low);
    return (event.first ?? event.frame) <= high && event.frame >= low;
  };
}

/** What is at a place in the JSON of an event. */
function at(event, keys) {
  let value = jsonOf(event)?.value;
  for (const key of keys) {
    if (value === null || typeof value !== "object" || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}

function isFlagged(event, glob) {
  const findings = event.findings.map((number) => model.sight.findings[number]);
  if (glob.text === "any") return findings.length > 0;
  const code = new Glob(glob.text.toUpperCase(), glob.text.includes("*"));
  return findings.some((finding) => finding.severity === glob.text || code.meets(finding.code));
}

/** It is of a run in which no event is called so. */
function lacks(globs) {
  const runs = new Set();
  for (const event of model.sight.events) {
    if (event.run !== undefined && globs.some((glob) => glob.meets(nameOf(event)))) runs.add(event.run);
  }
  return (event) => event.run !== undefined && !runs.has(event.run);
}

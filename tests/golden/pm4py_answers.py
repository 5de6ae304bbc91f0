"""Rules and lifecycles -> pm4py's word on them, as text that `cargo test` replays.

    python3 -m venv venv && venv/bin/pip install pm4py==2.7.23.11
    venv/bin/python tests/golden/pm4py_answers.py

writes alignments.txt and declare.txt beside itself; tests/it/rules/golden.rs reads them. pm4py is
under the AGPL: it is run here, by whoever makes the answers anew, and is no part of Wiretape.

alignments.txt: for each lifecycle its pattern and letters, then a line for each run: what the
cheapest alignment costs at unit costs, and the run's letters ("-" is a run without events).
pm4py's cost of a silent step is 1 and of any other 10000, hence the division.

declare.txt: a line for each template: 1 where a run satisfies it, 0 where it does not; runs are
all of up to five letters of a, b and c, shorter ones first, then by alphabet; the empty run is not
among them, because pm4py's tables have no case without events. Left out are `nonsuccession` and
`nonchainsuccession`: what pm4py means by them is "succession does not hold", which is another rule.
"""

import itertools
import pathlib
import random
import re
import tomllib

import pandas
import pm4py
from pm4py.algo.conformance.alignments.petri_net import algorithm as alignments
from pm4py.objects.log.obj import Event, Trace
from pm4py.objects.process_tree.obj import Operator, ProcessTree

HERE = pathlib.Path(__file__).parent
PRESETS = HERE.parent.parent / "src/rules/presets"
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
RANDOM = random.Random(20260723)

# Patterns that no preset has: the one that rules.md explains, and one with parts in any order.
EXTRA = [
    ("toy", "S T (T | X C)* E", 120),
    ("shuffle", "A & B C? & D+", 60),
]

TEMPLATES = {
    "existence": "existence",
    "absence": "absence",
    "exactly_one": "exactly_one",
    "init": "init",
    "responded_existence": "responded_existence",
    "co_existence": "coexistence",
    "not_co_existence": "noncoexistence",
    "response": "response",
    "alternate_response": "altresponse",
    "chain_response": "chainresponse",
    "precedence": "precedence",
    "alternate_precedence": "altprecedence",
    "chain_precedence": "chainprecedence",
    "succession": "succession",
    "alternate_succession": "altsuccession",
    "chain_succession": "chainsuccession",
}
UNARY = ("existence", "absence", "exactly_one", "init")


class Reader:
    """A pattern as rules files write it -> a process tree."""

    def __init__(self, text):
        self.words = re.findall(r"@?[\w.-]+|[()|&*+?]", text)
        self.at = 0

    def peek(self):
        return self.words[self.at] if self.at < len(self.words) else None

    def take(self):
        self.at += 1
        return self.words[self.at - 1]

    def joined(self, sign, operator, part):
        parts = [part()]
        while self.peek() == sign:
            self.take()
            parts.append(part())
        return parts[0] if len(parts) == 1 else node(operator, parts)

    def choice(self):
        return self.joined("|", Operator.XOR, self.shuffle)

    def shuffle(self):
        return self.joined("&", Operator.PARALLEL, self.sequence)

    def sequence(self):
        parts = []
        while self.peek() not in (None, "|", "&", ")"):
            parts.append(self.repeat())
        return parts[0] if len(parts) == 1 else node(Operator.SEQUENCE, parts)

    def repeat(self):
        if self.peek() == "(":
            self.take()
            tree = self.choice()
            assert self.take() == ")"
        else:
            tree = ProcessTree(label=self.take())
        while self.peek() in ("*", "+", "?"):
            sign = self.take()
            if sign == "*":
                tree = node(Operator.LOOP, [ProcessTree(), tree])
            elif sign == "+":
                tree = node(Operator.LOOP, [tree, ProcessTree()])
            else:
                tree = node(Operator.XOR, [tree, ProcessTree()])
        return tree


def node(operator, parts):
    tree = ProcessTree(operator=operator, children=parts)
    for part in parts:
        part.parent = tree
    return tree


def names(tree):
    if tree.label:
        return [tree.label]
    found = []
    for part in tree.children:
        found += [name for name in names(part) if name not in found]
    return found


def walk(tree):
    """A run that fits."""
    if not tree.children:
        return [tree.label] if tree.label else []
    if tree.operator == Operator.XOR:
        return walk(RANDOM.choice(tree.children))
    if tree.operator == Operator.LOOP:
        run = walk(tree.children[0])
        while RANDOM.random() < 0.5:
            run += walk(tree.children[1]) + walk(tree.children[0])
        return run
    runs = [walk(part) for part in tree.children]
    if tree.operator == Operator.SEQUENCE:
        return sum(runs, [])
    run = []
    while any(runs):
        run.append(RANDOM.choice([part for part in runs if part]).pop(0))
    return run


def mutated(run, alphabet):
    run = list(run)
    for _ in range(RANDOM.randrange(4)):
        at = RANDOM.randrange(len(run) + 1)
        kind = RANDOM.choice(["drop", "repeat", "insert", "move", "swap"])
        if kind == "insert" or not run:
            run.insert(at, RANDOM.choice(alphabet))
            continue
        at = min(at, len(run) - 1)
        if kind == "drop":
            run.pop(at)
        elif kind == "repeat":
            run.insert(RANDOM.randrange(at, len(run)) + 1, run[at])
        elif kind == "move":
            event = run.pop(at)
            run.insert(RANDOM.randrange(len(run) + 1), event)
        elif at + 1 < len(run):
            run[at], run[at + 1] = run[at + 1], run[at]
    return run


def lifecycles():
    for preset in ("agent", "agent-strict", "ag-ui", "graphql-transport-ws"):
        document = tomllib.loads((PRESETS / f"{preset}.toml").read_text())
        for lifecycle in document["lifecycle"]:
            yield f"{preset}/{lifecycle['id']}", lifecycle["pattern"], 60
            for name, sub in lifecycle.get("sub", {}).items():
                yield f"{preset}/{lifecycle['id']}/{name}", sub["pattern"], 20
    yield from EXTRA


def cost(run, net):
    trace = Trace([Event({"concept:name": name}) for name in run])
    return alignments.apply_trace(trace, *net)["cost"] // 10000


def write_alignments():
    lines, done = [], set()
    for name, pattern, count in lifecycles():
        pattern = " ".join(pattern.split())
        if pattern in done:
            continue
        done.add(pattern)
        tree = Reader(pattern).choice()
        alphabet = names(tree)
        net = pm4py.convert_to_petri_net(tree)
        lines += ["", f"# {name}", f"pattern {pattern}"]
        lines += [f"letter {LETTERS[at]} {word}" for at, word in enumerate(alphabet)]
        runs = set()
        for _ in range(count * 20):
            run = mutated(walk(tree), alphabet)
            if RANDOM.random() < 0.15:
                run = [RANDOM.choice(alphabet) for _ in range(RANDOM.randrange(8))]
            if len(run) <= 14:
                runs.add(tuple(run))
            if len(runs) == count:
                break
        for run in sorted(runs):
            letters = "".join(LETTERS[alphabet.index(word)] for word in run)
            lines.append(f"{cost(run, net)} {letters or '-'}")
    text = f"# Costs by pm4py {pm4py.__version__}; made by pm4py_answers.py.\n"
    (HERE / "alignments.txt").write_text(text + "\n".join(lines) + "\n")


def write_declare():
    runs = [run for length in range(1, 6) for run in itertools.product("abc", repeat=length)]
    rows = []
    for case, run in enumerate(runs):
        for at, name in enumerate(run):
            time = pandas.Timestamp("2026-01-01", tz="UTC") + pandas.Timedelta(seconds=at)
            rows.append((f"{case:03}", name, time))
    columns = ["case:concept:name", "concept:name", "time:timestamp"]
    table = pandas.DataFrame(rows, columns=columns)
    lines = [f"# Verdicts by pm4py {pm4py.__version__}; made by pm4py_answers.py."]
    for kind, template in TEMPLATES.items():
        key = "a" if kind in UNARY else ("a", "b")
        model = {template: {key: {"support": 1, "confidence": 1}}}
        found = pm4py.conformance_declare(table, model, return_diagnostics_dataframe=True)
        by_case = dict(zip(found["case_id"], found["no_dev_total"]))
        verdicts = "".join("1" if by_case[f"{case:03}"] == 0 else "0" for case in range(len(runs)))
        lines.append(f"{kind} {verdicts}")
    (HERE / "declare.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    write_declare()
    write_alignments()

// The messages that every client sends, whatever its language: text and binary, at every length
// form, compressible and not. `plan.py` says the same.

export function plan() {
  const bytes = (length) => Buffer.from(Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8)) % 251));
  const messages = ["hello", "grüß dich 🦀", "", bytes(0)];
  for (const length of [1, 125, 126, 65535, 65536, 300000]) messages.push(bytes(length));
  messages.push("token ".repeat(20000));
  for (let seq = 0; seq < 300; seq++) messages.push(JSON.stringify({ type: "token", seq }));
  return messages;
}

// What is said of a take, counted.

const IN_TIME = ["right"];
const RIGHT = ["right", "late", "early"];
const EXTRA = ["extra", "doubled"];
const DOUBT = ["perhaps"]; // What may have been heard, and is no mistake.

/**
 * How many of the keys asked for were right, how many of these in time, and how many keys were not asked for.
 * @param {{what: string}[]} verdicts As the kernel tells them.
 */
export function counted(verdicts) {
  const n = (kinds) => verdicts.filter(({ what }) => kinds.includes(what)).length;
  return { n: verdicts.length - n([...EXTRA, ...DOUBT]), right: n(RIGHT), in_time: n(IN_TIME), extra: n(EXTRA) };
}

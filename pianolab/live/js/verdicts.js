// What is said of a take, counted.

const IN_TIME = ["right"];
const RIGHT = ["right", "late", "early"];

/**
 * How many of the keys asked for were right, and how many of these in time.
 * @param {{what: string}[]} verdicts As the kernel tells them; an extra key was not asked for.
 */
export function counted(verdicts) {
  const n = (kinds) => verdicts.filter(({ what }) => kinds.includes(what)).length;
  return { n: verdicts.length - n(["extra"]), right: n(RIGHT), in_time: n(IN_TIME) };
}

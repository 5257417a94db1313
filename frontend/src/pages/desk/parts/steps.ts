/** What time is cut into, where it is cut at all. */
type Cut = 'day' | 'month' | 'hour';

function isTime(by: string): by is Cut {
  return by === 'day' || by === 'month' || by === 'hour';
}

/**
 * The keys of a chart: over time every day, month or hour from the first to the last, also those on which nothing
 * happened, so that a week with two sales does not look like two days in a row. Other keys stay as they come.
 */
export function everyStep(by: string, keys: readonly string[]): readonly string[] {
  const first = keys[0];
  const last = keys.at(-1);
  if (!isTime(by) || first === undefined || last === undefined) return keys;
  const steps = [first];
  for (let key = first; key !== last && steps.length < 1000;) {
    key = next(by, key);
    steps.push(key);
  }
  return steps;
}

function next(by: Cut, key: string): string {
  if (by === 'hour') return String(Number(key) + 1);
  // UTC: these are days of a calendar, and the clock of the reader may skip an hour on one of them.
  const date = new Date(by === 'day' ? `${key}T00:00:00Z` : `${key}-01T00:00:00Z`);
  if (by === 'day') date.setUTCDate(date.getUTCDate() + 1);
  else date.setUTCMonth(date.getUTCMonth() + 1);
  return date.toISOString().slice(0, by === 'day' ? 10 : 7);
}

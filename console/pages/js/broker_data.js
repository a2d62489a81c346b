/* What brokerStatus says of one broker, as numbers; and when its disk will be full. */

const UNITS = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40, PiB: 2 ** 50 };
const DAY = 86400000;

/* "Total : 91.1 GiB, Free : 66.7 GiB." */
function capacity(text) {
  const sizes = [...String(text || '').matchAll(/([0-9.]+) ([KMGTP]?i?B)/g)].map(([, n, unit]) => Number(n) * (UNITS[unit] || 1));
  return sizes.length === 2 ? { total: sizes[0], free: sizes[1] } : null;
}

/* status: the counters of one broker; now: ms. */
export function diskOf(status, now) {
  const room = capacity(status.commitLogDirCapacity);
  const ratio = Number(status.commitLogDiskRatio);
  const upMs = now - Number(status.bootTimestamp);
  const perDay = upMs > 60000 ? (Number(status.putMessageSizeTotal) / upMs) * DAY : null;
  return { ratio, ...room, perDay };
}

/*
 * The day on which the disk reaches the share at which the broker removes messages early:
 *   { state: 'unknown' | 'still' | 'kept' | 'full', at, bytesPerDay }
 * 'kept': the retention time comes first, so the disk never gets there at this rate.
 */
export function forecast(disk, settings, now) {
  if (!disk.total || disk.perDay === null) return { state: 'unknown' };
  if (disk.perDay < 1) return { state: 'still' };
  const limit = Number(settings.diskMaxUsedSpaceRatio || 75) / 100;
  const days = Math.max(0, disk.total * limit - (disk.total - disk.free)) / disk.perDay;
  const keptDays = Number(settings.fileReservedTime || 72) / 24;
  if (days > keptDays) return { state: 'kept', hours: keptDays * 24, bytesPerDay: disk.perDay };
  return { state: 'full', at: now + days * DAY, bytesPerDay: disk.perDay };
}

/*
 * What the server says by itself: one stream for all parts of the page, open only while a part listens
 * and the page is seen.
 */

const listeners = new Map(); // callback -> name of the event
let source = null;
let last = null;
let onState = () => {};

function close() {
  if (source) source.close();
  source = null;
}

function open() {
  if (source || listeners.size === 0 || document.hidden) return;
  source = new EventSource('/api/events');
  source.addEventListener('open', () => onState('live'));
  source.addEventListener('error', () => onState('lost'));
  source.addEventListener('cluster', event => {
    let news;
    try {
      news = JSON.parse(event.data);
    } catch {
      return;
    }
    last = news;
    for (const callback of [...listeners.keys()]) callback(news);
  });
}

document.addEventListener('visibilitychange', () => (document.hidden ? close() : open()));

/* callback(state) with 'live' or 'lost' */
export function onLiveState(callback) {
  onState = callback;
}

/* callback(document) for each sample of the cluster, until the signal. */
export function onCluster(callback, signal) {
  listeners.set(callback, 'cluster');
  open();
  signal.addEventListener('abort', () => {
    listeners.delete(callback);
    // The next page subscribes in the same turn; a stream that nobody took over ends then.
    setTimeout(() => listeners.size === 0 && close(), 0);
  });
}

export function lastCluster() {
  return last;
}

export function stopLive() {
  listeners.clear();
  last = null;
  close();
}

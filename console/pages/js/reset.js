/* Moving a group: to a time, with what that means before it is done; to the end; to the beginning. */

import { command, may } from './api.js';
import { formDialog } from './dialog.js';
import { h, replace } from './dom.js';
import { inputTime, number, time } from './format.js';
import { button, facts, fillFrom, toast } from './parts.js';
import { t } from './strings.js';

/* How many messages the group would get again, or never; null when the server cannot say. */
async function preview(group, topic, timestamp) {
  const document = await command('rewindPreview', { group, topic, timestamp });
  return facts([
    [t('again_n'), number(document.again)],
    [t('skipped_n'), number(document.skipped)],
  ]);
}

export function resetDialog(group, topics, done) {
  const seen = h('div', { class: 'preview', 'aria-live': 'polite' });
  const look = may('rewindPreview') && button(t('preview'), () => {
    const at = new Date(inputs.timestamp.value).getTime();
    replace(seen);
    fillFrom(seen, () => preview(group, inputs.topic.value, at), node => node);
  });
  const { inputs } = formDialog({
    title: t('reset_of', group),
    text: t('reset_text'),
    submit: t('reset'),
    danger: true,
    fields: [
      { name: 'topic', label: t('topic'), type: 'select', options: topics.map(topic => [topic, topic]), value: topics[0] },
      { name: 'timestamp', label: t('go_on_at'), type: 'datetime-local', required: true, step: 1, value: inputTime(Date.now() - 3600000) },
      ...(look ? [h('div', null, look, seen)] : []),
    ],
    work: values => command('resetOffsetByTime', { group, topic: values.topic, timestamp: values.timestamp }),
    done: (document, values) => {
      toast(t('was_reset', group, values.topic, time(values.timestamp)));
      done(document);
    },
  });
}

export function skipDialog(group, topics, done) {
  formDialog({
    title: t('skip_of', group),
    text: t('skip_text'),
    submit: t('skip_all'),
    danger: true,
    fields: [{ name: 'topic', label: t('topic'), type: 'select', options: topics.map(topic => [topic, topic]), value: topics[0] }],
    work: values => command('skipAccumulatedMessage', { group, topic: values.topic }),
    done: (document, values) => {
      toast(t('was_skipped', group, values.topic));
      done(document);
    },
  });
}

/* Settings of a consumer group, for a new one and for one that is there. */

import { command } from './api.js';
import { checked, formDialog } from './dialog.js';
import { toast } from './parts.js';
import { t } from './strings.js';

export function groupDialog({ group, config = {}, done }) {
  const isOn = (name, otherwise) => (config[name] === undefined ? otherwise : String(config[name]) === 'true');
  formDialog({
    title: group === undefined ? t('new_group') : t('change_of', group),
    submit: t(group === undefined ? 'create' : 'change'),
    fields: [
      group === undefined && { name: 'groupName', label: t('group'), required: true },
      { name: 'consumeEnable', label: t('consume_enable'), type: 'checkbox', value: isOn('consumeEnable', true) },
      { name: 'consumeFromMinEnable', label: t('consume_from_min'), type: 'checkbox', value: isOn('consumeFromMinEnable', false) },
      { name: 'consumeBroadcastEnable', label: t('consume_broadcast'), type: 'checkbox', value: isOn('consumeBroadcastEnable', false) },
      { name: 'consumeMessageOrderly', label: t('consume_orderly'), type: 'checkbox', value: isOn('consumeMessageOrderly', false) },
      { name: 'retryQueueNums', label: t('retry_queues'), type: 'number', min: 0, max: 1024, required: true, value: config.retryQueueNums || 1 },
      { name: 'retryMaxTimes', label: t('retry_max'), type: 'number', min: 0, max: 1000, required: true, value: config.retryMaxTimes || 16 },
    ].filter(Boolean),
    work: async values => checked(await command('updateSubGroup', { groupName: group, ...values })),
    done: (_, values) => {
      toast(group === undefined ? t('created', values.groupName) : t('changed', group));
      done(values.groupName);
    },
  });
}

import { TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { useActKey } from '@/components/useActKey';
import { useChangeWebhook, useCreateWebhook } from '@/state/queries/machines';
import type { Webhook } from '@/state/queries/machines';

import { FormDialog } from './FormDialog';

interface Props {
  /** Null: a new one. */
  webhook: Webhook | null;
  onSecret: (secret: string | null) => void;
  onClose: () => void;
}

/** Where events are sent, and which. */
export function WebhookForm({ webhook, onSecret, onClose }: Props) {
  const { t } = useTranslation();
  const [key] = useActKey();
  const create = useCreateWebhook();
  const change = useChangeWebhook();
  const [form, setForm] = useState({
    url: webhook?.url ?? '',
    types: webhook?.types?.join(', ') ?? '',
    description: webhook?.description ?? '',
  });
  const fields = [
    { name: 'url', label: t('office.webhooks.url'), hint: 'https://…', length: 2000 },
    { name: 'types', label: t('office.webhooks.types'), hint: 'sale.finalized, …', length: 4000 },
    { name: 'description', label: t('common.note'), hint: '', length: 500 },
  ] as const;
  const submit = () => {
    const types = form.types.split(/[\s,]+/).filter((one) => one !== '');
    const description = form.description.trim();
    const body = {
      url: form.url,
      types: types.length === 0 ? null : types,
      description: description === '' ? null : description,
    };
    if (webhook !== null) {
      change.mutate({ id: webhook.id, body }, { onSuccess: onClose });
      return;
    }
    create.mutate(
      { body, key },
      {
        onSuccess: (made) => {
          onClose();
          onSecret(made.secret);
        },
      },
    );
  };
  return (
    <FormDialog
      title={t(webhook === null ? 'office.webhooks.new' : 'office.webhooks.change')}
      isReady={/^https?:\/\/./.test(form.url)}
      isPending={create.isPending || change.isPending}
      error={create.error ?? change.error}
      onClose={onClose}
      onSubmit={submit}
    >
      {fields.map(({ name, label, hint, length }) => (
        <TextInput
          key={name}
          label={label}
          placeholder={hint}
          value={form[name]}
          maxLength={length}
          data-autofocus={name === 'url'}
          onChange={(event) => {
            setForm({ ...form, [name]: event.currentTarget.value });
          }}
        />
      ))}
    </FormDialog>
  );
}

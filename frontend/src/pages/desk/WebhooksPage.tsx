import { Alert, Badge, Button, Card, Group, Stack, Text, TextInput, Title } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { Refusal } from '@/components/Refusal';
import { useActKey } from '@/components/useActKey';
import {
  useChangeWebhook,
  useCreateWebhook,
  useDeliveries,
  useReplay,
  useRotateSecret,
  useTestWebhook,
  useWebhooks,
} from '@/state/queries/machines';
import type { Webhook } from '@/state/queries/machines';

import { DataTable } from './parts/DataTable';
import { FormDialog } from './parts/FormDialog';
import { PageHead } from './parts/PageHead';
import { Secrets } from './parts/Secrets';
import { useTime } from './parts/time';

/** Who is told of events: addresses, their deliveries, a test, a replay. */
export function WebhooksPage() {
  const { t } = useTranslation();
  const found = useWebhooks();
  const [isNew, setIsNew] = useState(false);
  const [secret, setSecret] = useState<string | null>(null);
  return (
    <Stack>
      <PageHead title={t('office.webhooks.title')}>
        <Button
          onClick={() => {
            setIsNew(true);
          }}
        >
          {t('office.webhooks.new')}
        </Button>
      </PageHead>
      <Refusal error={found.error} />
      {!found.isLoading && found.items.length === 0 && <Text c="dimmed">{t('office.webhooks.none')}</Text>}
      {found.items.map((webhook) => (
        <WebhookCard key={webhook.id} webhook={webhook} onSecret={setSecret} />
      ))}
      {isNew && (
        <NewWebhookForm
          onSecret={setSecret}
          onClose={() => {
            setIsNew(false);
          }}
        />
      )}
      {secret !== null && (
        <Secrets
          title={t('office.webhooks.title')}
          secrets={[{ label: t('office.webhooks.secret'), value: secret }]}
          onClose={() => {
            setSecret(null);
          }}
        />
      )}
    </Stack>
  );
}

function WebhookCard({ webhook, onSecret }: { webhook: Webhook; onSecret: (secret: string | null) => void }) {
  const { t } = useTranslation();
  const [isOpen, setIsOpen] = useState(false);
  const test = useTestWebhook();
  const change = useChangeWebhook();
  const rotate = useRotateSecret();
  const replay = useReplay(webhook.id);
  const acts = [
    {
      label: t('office.webhooks.test'),
      isPending: test.isPending,
      act: () => {
        test.mutate(webhook.id);
      },
    },
    {
      label: t('office.webhooks.replay'),
      isPending: replay.isPending,
      act: () => {
        replay.mutate({ deadLetters: true });
      },
    },
    {
      label: t('office.webhooks.rotate'),
      isPending: rotate.isPending,
      act: () => {
        rotate.mutate(webhook.id, {
          onSuccess: (made) => {
            onSecret(made.secret);
          },
        });
      },
    },
    {
      label: t(webhook.isActive ? 'office.deactivate' : 'office.activate'),
      isPending: change.isPending,
      act: () => {
        change.mutate({ id: webhook.id, body: { isActive: !webhook.isActive } });
      },
    },
    {
      label: t('office.webhooks.deliveries'),
      isPending: false,
      act: () => {
        setIsOpen(!isOpen);
      },
    },
  ];
  return (
    <Card className="surface" component="section" aria-label={webhook.url}>
      <Stack>
        <Group justify="space-between">
          <Title order={2} size="h4" style={{ wordBreak: 'break-all' }}>
            {webhook.url}
          </Title>
          <Badge variant="light" tt="none" size="lg" color={webhook.isActive ? 'pine' : 'gray'}>
            {t(webhook.isActive ? 'office.active' : 'office.inactive')}
          </Badge>
        </Group>
        <Text c="dimmed">
          {webhook.types === null ? t('office.webhooks.every') : webhook.types.join(', ')}
          {webhook.description === null ? '' : ` · ${webhook.description}`}
        </Text>
        <Group gap="xs">
          {acts.map(({ label, isPending, act }) => (
            <Button key={label} variant="default" loading={isPending} onClick={act}>
              {label}
            </Button>
          ))}
        </Group>
        <Refusal error={test.error ?? change.error ?? rotate.error ?? replay.error} />
        {test.data !== undefined && (
          <Alert color={test.data.delivered ? 'pine' : 'red'} role="status" data-testid="test-result">
            {t(test.data.delivered ? 'office.webhooks.delivered' : 'office.webhooks.failed', {
              code: test.data.responseCode ?? '–',
              ms: Math.round(test.data.durationMs),
            })}{' '}
            {test.data.error}
          </Alert>
        )}
        {replay.data !== undefined && (
          <Alert role="status">{t('office.webhooks.replayed', { count: replay.data.replayed })}</Alert>
        )}
        {isOpen && <Deliveries webhookId={webhook.id} />}
      </Stack>
    </Card>
  );
}

function Deliveries({ webhookId }: { webhookId: string }) {
  const { t } = useTranslation();
  const time = useTime();
  const found = useDeliveries(webhookId);
  const replay = useReplay(webhookId);
  return (
    <>
      <Refusal error={replay.error} />
      <DataTable
        label={t('office.webhooks.deliveries')}
        rows={found.items}
        rowKey={(one) => one.eventId}
        error={found.error}
        isLoading={found.isLoading}
        more={found.more}
        isMore={found.isMore}
        columns={[
          { head: t('office.time'), cell: (one) => time.moment(one.occurredAt) },
          { head: t('office.kind'), cell: (one) => one.type },
          { head: t('office.status'), cell: (one) => t(`office.webhooks.state.${one.status}`) },
          {
            head: t('office.webhooks.attempts'),
            cell: (one) => one.attempts,
            isNumber: true,
            isSecondary: true,
          },
          {
            head: t('office.webhooks.error'),
            cell: (one) => one.error ?? one.responseCode ?? '–',
            isSecondary: true,
          },
          {
            head: t('office.actions'),
            cell: (one) => (
              <Button
                variant="default"
                onClick={() => {
                  replay.mutate({ eventId: one.eventId });
                }}
              >
                {t('office.webhooks.again')}
              </Button>
            ),
          },
        ]}
      />
    </>
  );
}

function NewWebhookForm({
  onSecret,
  onClose,
}: {
  onSecret: (secret: string | null) => void;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const [key] = useActKey();
  const [form, setForm] = useState({ url: '', types: '', description: '' });
  const create = useCreateWebhook();
  const fields = [
    { name: 'url', label: t('office.webhooks.url'), hint: 'https://…' },
    { name: 'types', label: t('office.webhooks.types'), hint: 'sale.finalized, cash.session_closed' },
    { name: 'description', label: t('common.note'), hint: '' },
  ] as const;
  return (
    <FormDialog
      title={t('office.webhooks.new')}
      isReady={/^https?:\/\/./.test(form.url)}
      isPending={create.isPending}
      error={create.error}
      onClose={onClose}
      onSubmit={() => {
        const types = form.types.split(/[\s,]+/).filter((one) => one !== '');
        const description = form.description.trim();
        create.mutate(
          {
            body: {
              url: form.url,
              types: types.length === 0 ? null : types,
              description: description === '' ? null : description,
            },
            key,
          },
          {
            onSuccess: (made) => {
              onClose();
              onSecret(made.secret);
            },
          },
        );
      }}
    >
      {fields.map(({ name, label, hint }) => (
        <TextInput
          key={name}
          label={label}
          placeholder={hint}
          value={form[name]}
          maxLength={500}
          onChange={(event) => {
            setForm({ ...form, [name]: event.currentTarget.value });
          }}
        />
      ))}
    </FormDialog>
  );
}

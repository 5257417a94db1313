import { Alert, Button, Card, Group, Stack, Text, TextInput, Title } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import type { ReplayWebhook } from '@/api';
import { Refusal } from '@/components/Refusal';
import { useChangeWebhook, useReplay, useRotateSecret, useTestWebhook } from '@/state/queries/machines';
import type { Webhook } from '@/state/queries/machines';

import { ActiveBadge } from './ActiveBadge';
import { Deliveries } from './Deliveries';
import { FormDialog } from './FormDialog';
import { WebhookForm } from './WebhookForm';

interface Props {
  webhook: Webhook;
  onSecret: (secret: string | null) => void;
}

/** An address that is told of events, and all that can be done with it. */
export function WebhookCard({ webhook, onSecret }: Props) {
  const { t } = useTranslation();
  const [isOpen, setIsOpen] = useState(false);
  const [dialog, setDialog] = useState<'edit' | 'since' | null>(null);
  const test = useTestWebhook();
  const change = useChangeWebhook();
  const rotate = useRotateSecret();
  const replay = useReplay(webhook.id);
  const forget = () => {
    setDialog(null);
  };
  const acts: { label: string; isPending?: boolean; act: () => void }[] = [
    {
      label: t('office.webhooks.test'),
      isPending: test.isPending,
      act: () => {
        test.mutate(webhook.id);
      },
    },
    {
      label: t('office.webhooks.replay'),
      isPending: replay.isPending && replay.variables.deadLetters === true,
      act: () => {
        replay.mutate({ deadLetters: true });
      },
    },
    {
      label: t('office.webhooks.since'),
      act: () => {
        setDialog('since');
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
      label: t('office.edit'),
      act: () => {
        setDialog('edit');
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
          <ActiveBadge isActive={webhook.isActive} />
        </Group>
        <Text c="dimmed">
          {webhook.types === null ? t('office.webhooks.every') : webhook.types.join(', ')}
          {webhook.description === null ? '' : ` · ${webhook.description}`}
        </Text>
        <Group gap="xs">
          {acts.map(({ label, isPending = false, act }) => (
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
          <Alert role="status" data-testid="replay-result">
            {t('office.webhooks.replayed', { count: replay.data.replayed })}
          </Alert>
        )}
        {isOpen && (
          <Deliveries
            webhookId={webhook.id}
            onAgain={(eventId) => {
              replay.mutate({ eventId });
            }}
          />
        )}
      </Stack>
      {dialog === 'edit' && <WebhookForm webhook={webhook} onSecret={onSecret} onClose={forget} />}
      {dialog === 'since' && <Since replay={replay} onClose={forget} />}
    </Card>
  );
}

interface SinceProps {
  replay: ReturnType<typeof useReplay>;
  onClose: () => void;
}

/** From which moment on everything is sent once more: a receiver has lost what it had. */
function Since({ replay, onClose }: SinceProps) {
  const { t } = useTranslation();
  const [moment, setMoment] = useState('');
  const since = new Date(moment);
  const isReady = !Number.isNaN(since.getTime());
  return (
    <FormDialog
      title={t('office.webhooks.since')}
      submit={t('office.webhooks.again')}
      isReady={isReady}
      isPending={replay.isPending}
      error={replay.error}
      onClose={onClose}
      onSubmit={() => {
        const body: ReplayWebhook = { since: since.toISOString() };
        replay.mutate(body, { onSuccess: onClose });
      }}
    >
      <Text>{t('office.webhooks.sinceHint')}</Text>
      <TextInput
        type="datetime-local"
        label={t('office.audit.from')}
        value={moment}
        data-autofocus
        onChange={(event) => {
          setMoment(event.currentTarget.value);
        }}
      />
    </FormDialog>
  );
}

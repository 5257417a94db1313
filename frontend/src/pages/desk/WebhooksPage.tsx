import { Button, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { Refusal } from '@/components/Refusal';
import { useWebhooks } from '@/state/queries/machines';

import { PageHead } from './parts/PageHead';
import { Secrets } from './parts/Secrets';
import { WebhookCard } from './parts/WebhookCard';
import { WebhookForm } from './parts/WebhookForm';

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
        <WebhookForm
          webhook={null}
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

import { Alert, Button, Group, Loader, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';

import { beat, useOnline } from '@/state/online';

/** Said where an act cannot wait in a queue: it needs the API, now. */
export function NeedsNetwork({ what }: { what: 'open' | 'close' | 'refund' | 'sync' }) {
  const { t } = useTranslation();
  const isOnline = useOnline();
  if (isOnline) return null;
  return (
    <Alert color="brass" role="status" title={t('selling.offline.title')} mb="md">
      <Group justify="space-between">
        <Group gap="xs">
          <Loader size="sm" />
          <Text>{t(`selling.offline.${what}`)}</Text>
        </Group>
        <Button variant="default" onClick={() => void beat()}>
          {t('common.retry')}
        </Button>
      </Group>
    </Alert>
  );
}

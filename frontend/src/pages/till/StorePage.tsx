import { Button, Card, Center, Group, Stack, Text, TextInput, Title } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { Preferences } from '@/components/Preferences';
import { Refusal } from '@/components/Refusal';
import { useVerifyStore } from '@/state/queries/terminal';
import { useScans } from '@/till/scanning';

/** Once per device: which store it stands in. */
export function StorePage() {
  const { t } = useTranslation();
  const [code, setCode] = useState('');
  const verify = useVerifyStore();
  useScans(setCode);
  return (
    <Center mih="100dvh" p="md" component="main">
      <Card w="100%" maw={440} className="surface" padding="xl">
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (code.trim() !== '') verify.mutate(code.trim());
          }}
        >
          <Stack>
            <Group justify="space-between" wrap="nowrap">
              <Title order={1} size="h2">
                {t('till.store.title')}
              </Title>
              <Preferences />
            </Group>
            <Text c="dimmed">{t('till.store.hint')}</Text>
            <TextInput
              label={t('till.store.code')}
              placeholder="TIEN-7A31"
              size="lg"
              value={code}
              autoFocus
              autoCapitalize="characters"
              autoComplete="off"
              maxLength={32}
              onChange={(event) => {
                setCode(event.currentTarget.value);
              }}
            />
            <Refusal error={verify.error} />
            <Button type="submit" size="lg" loading={verify.isPending} disabled={code.trim() === ''}>
              {t('till.store.use')}
            </Button>
            <Button component="a" href="/desk" variant="subtle">
              {t('till.toTheDesk')}
            </Button>
          </Stack>
        </form>
      </Card>
    </Center>
  );
}

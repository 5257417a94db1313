import { Button, Center, Stack, Text, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';

export function NotFound() {
  const { t } = useTranslation();
  return (
    <Center mih="100dvh" p="lg" component="main">
      <Stack align="center">
        <Title order={1}>{t('common.notFound')}</Title>
        <Button component="a" href="/till">
          {t('common.toTheTill')}
        </Button>
      </Stack>
    </Center>
  );
}

/** A page that failed: said in words, with a way out, rather than an empty screen. */
export function Broken() {
  const { t } = useTranslation();
  return (
    <Center mih="100dvh" p="lg" component="main">
      <Stack align="center" role="alert">
        <Title order={1}>{t('common.broken')}</Title>
        <Text c="dimmed">{t('common.brokenHint')}</Text>
        <Button
          onClick={() => {
            location.reload();
          }}
        >
          {t('common.reload')}
        </Button>
      </Stack>
    </Center>
  );
}

import { Button, Container, Group, Stack, Text, Title } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';

import { Refusal } from '@/components/Refusal';
import { ReportView } from '@/components/ReportView';
import { useLogin } from '@/state/login';
import { useX } from '@/state/queries/drawer';

import { Waiting } from './TillShell';

/** The X: where the drawer stands now. It changes nothing. */
export function XPage() {
  const { t } = useTranslation();
  const registerId = useLogin('till')?.register?.id ?? '';
  const x = useX(registerId);
  return (
    <Container component="main" size="md" py="lg">
      <Stack>
        <Group justify="space-between">
          <Title order={1} size="h2">
            {t('till.home.x')}
          </Title>
          <Button variant="default" component={Link} to="/till">
            {t('common.back')}
          </Button>
        </Group>
        <Refusal error={x.error} />
        {x.isPending && <Waiting />}
        {x.data?.summary.byCurrency.some((one) => one.expectedCash === null) === true && (
          <Text c="dimmed">{t('till.report.blind')}</Text>
        )}
        {x.data !== undefined && <ReportView report={x.data} />}
      </Stack>
    </Container>
  );
}

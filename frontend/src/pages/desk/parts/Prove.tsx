import { Alert, Button, Group, List, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';

import { Refusal } from '@/components/Refusal';
import { holds } from '@/proof/verify';
import { download, saveFile } from '@/state/download';
import { useProve } from '@/state/queries/tickets';
import type { Proven } from '@/state/queries/tickets';

const SIGNS = { holds: '✓', broken: '✗', unchecked: '–' } as const;

/** Proves a ticket in one click: this browser checks it, and the file goes to whoever wants to check it again. */
export function Prove({ ticketId, number }: { ticketId: string; number: number | string }) {
  const { t } = useTranslation();
  const prove = useProve();
  return (
    <Stack mt="sm">
      <Group>
        <Button
          loading={prove.isPending}
          onClick={() => {
            if (!prove.isPending) prove.mutate(ticketId);
          }}
        >
          {t('office.proof.do')}
        </Button>
      </Group>
      <Refusal error={prove.error} />
      {prove.data !== undefined && <Verdict proven={prove.data} number={number} />}
    </Stack>
  );
}

function Verdict({ proven, number }: { proven: Proven; number: number | string }) {
  const { t } = useTranslation();
  const isRight = holds(proven.steps);
  const tenant = tenantOf(proven.proof);
  const auditor = useMutation({
    mutationFn: () => download(`/api/v1/ledger/${encodeURIComponent(tenant)}/export`, `${tenant}.jsonl`),
  });
  return (
    <Stack>
      <Alert color={isRight ? 'pine' : 'red'} role="status" data-testid="verdict">
        <Text fw={650}>{t(isRight ? 'office.proof.holds' : 'office.proof.broken')}</Text>
      </Alert>
      <List listStyleType="none" spacing="xs">
        {proven.steps.map((step) => (
          <List.Item
            key={step.name}
            icon={<span aria-label={t(`office.proof.result.${step.result}`)}>{SIGNS[step.result]}</span>}
          >
            <Text>{t(`office.proof.step.${step.name}`)}</Text>
            <Text c="dimmed" size="sm" style={{ wordBreak: 'break-all' }}>
              {step.result === 'unchecked' ? t('office.proof.unchecked') : step.detail}
            </Text>
          </List.Item>
        ))}
      </List>
      <Group>
        <Button
          variant="default"
          onClick={() => {
            const file = new Blob([JSON.stringify(proven.proof)], { type: 'application/json' });
            saveFile(file, `proof-${number}.json`);
          }}
        >
          {t('office.proof.file')}
        </Button>
        <Button variant="default" onClick={() => void download('/jwks.json', 'jwks.json')}>
          {t('office.proof.keys')}
        </Button>
        <Button
          variant="default"
          loading={auditor.isPending}
          onClick={() => {
            auditor.mutate();
          }}
        >
          {t('office.proof.export')}
        </Button>
      </Group>
      <Refusal error={auditor.error} />
      <Text c="dimmed">{t('office.proof.how')}</Text>
    </Stack>
  );
}

function tenantOf(proof: unknown): string {
  const { envelope } = proof as { envelope?: { tenant?: string } };
  return envelope?.tenant ?? '';
}

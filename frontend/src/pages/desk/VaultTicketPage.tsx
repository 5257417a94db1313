import { Card, Code, Stack, Text } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';

import { Refusal } from '@/components/Refusal';
import { useVaultTicket } from '@/state/queries/vault';

import { PageHead } from './parts/PageHead';
import { Prove } from './parts/Prove';
import { useTime } from './parts/time';

const route = getRouteApi('/desk/vault/$id');

/** One ticket of the vault: the facts about it, the body to the letter, its place in the ledger and the proof. */
export function VaultTicketPage() {
  const { t } = useTranslation();
  const time = useTime();
  const { id } = route.useParams();
  const { data: found, error } = useVaultTicket(id);
  if (found === undefined) return <Refusal error={error} />;
  const { ticket, raw } = found;
  const facts = Object.entries(ticket.metadata ?? {}).filter(([, value]) => value !== null);
  const number = ticket.metadata?.source_id;
  const name = typeof number === 'string' ? number : id;
  return (
    <Stack key={id}>
      <PageHead title={t('vault.ticket', { number: name })} />
      <Card className="surface">
        <Text>
          {t('vault.recorded')}: {time.moment(ticket.created_at)}
        </Text>
        {facts.map(([fact, value]) => (
          <Text key={fact} style={{ overflowWrap: 'anywhere' }}>
            <Code>{fact}</Code> {typeof value === 'string' ? value : JSON.stringify(value)}
          </Text>
        ))}
      </Card>
      <Card className="surface" component="section" aria-label={t('vault.body')}>
        <Text fw={650}>{t('vault.body')}</Text>
        <Code
          block
          data-testid="raw"
          tabIndex={0}
          mah={480}
          style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere', overflowY: 'auto' }}
        >
          {raw}
        </Code>
      </Card>
      <Card className="surface" component="section" aria-label={t('office.proof.title')}>
        <Text style={{ overflowWrap: 'anywhere' }}>
          {t('office.proof.position')}: <Code>{ticket.ledger_hash}</Code>
        </Text>
        <Prove ticketId={ticket.id} number={name.replaceAll(/[^\w.-]+/g, '-')} />
      </Card>
    </Stack>
  );
}

import {
  Alert,
  Button,
  Card,
  Container,
  Group,
  Modal,
  SimpleGrid,
  Stack,
  Table,
  Text,
  Textarea,
  Title,
} from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

import { CountForm, countOf, emptyCount } from '@/components/CountForm';
import { Money } from '@/components/Money';
import { Refusal } from '@/components/Refusal';
import { ReportView } from '@/components/ReportView';
import { useActKey } from '@/components/useActKey';
import { toMinor } from '@/money';
import { useClose, useDrawer, useZ } from '@/state/queries/drawer';
import type { Count, Drawer } from '@/state/queries/drawer';
import { sendZ } from '@/state/queries/reports';
import { useLogout } from '@/state/queries/terminal';

import { LeaveForm, leftOf } from './closing/LeaveForm';
import { Waiting } from './TillShell';

/** One path: what was left undone (`before`), count, what stays, difference, Z. What is typed stays until the Z is there. */
export function ClosePage({ before }: { before: ReactNode }) {
  const active = useDrawer().data ?? null;
  const [drawer, setDrawer] = useState(active);
  const [isClosed, setIsClosed] = useState(false);
  // Up to date while it is open: what is expected may still change. It is gone from the list of open ones as soon as it
  // is closed, and its Z is still to be shown.
  if (active !== null && active !== drawer && !isClosed) setDrawer(active);
  if (drawer === null) return <Waiting />;
  if (isClosed) return <Closed drawer={drawer} />;
  return (
    <Counting
      drawer={drawer}
      before={before}
      onClosed={() => {
        setIsClosed(true);
      }}
    />
  );
}

interface CountingProps {
  drawer: Drawer;
  before: ReactNode;
  onClosed: () => void;
}

function Counting({ drawer, before, onClosed }: CountingProps) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState(() => emptyCount(drawer.balances.map((balance) => balance.currency)));
  const [isSure, setIsSure] = useState(false);
  const count = countOf(typed);
  return (
    <Container component="main" size="md" py="lg">
      <Stack mb="lg">{before}</Stack>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (count !== null) setIsSure(true);
        }}
      >
        <Stack>
          <Title order={1} size="h2">
            {t('till.close.title')}
          </Title>
          <Text c="dimmed">{t('till.close.hint')}</Text>
          <CountForm typed={typed} onTyped={setTyped} />
          <Group grow>
            <Button variant="default" size="lg" component={Link} to="/till">
              {t('common.cancel')}
            </Button>
            <Button type="submit" size="lg" disabled={count === null}>
              {t('till.close.next')}
            </Button>
          </Group>
        </Stack>
      </form>
      {isSure && count !== null && (
        <Confirming
          drawer={drawer}
          count={count}
          onAgain={() => {
            setIsSure(false);
          }}
          onClosed={onClosed}
        />
      )}
    </Container>
  );
}

interface ConfirmingProps {
  drawer: Drawer;
  count: Count;
  onAgain: () => void;
  onClosed: () => void;
}

/** After the count: what stays and what is taken out, then the difference with its reason, then it is done. */
function Confirming({ drawer, count, onAgain, onClosed }: ConfirmingProps) {
  const { t } = useTranslation();
  const [texts, setTexts] = useState<Record<string, string>>({});
  const [note, setNote] = useState('');
  const [key] = useActKey();
  const close = useClose(drawer.id);
  const left = leftOf(texts, count.cash);
  return (
    <Modal
      opened
      size="lg"
      title={t('till.close.confirmTitle')}
      closeButtonProps={{ 'aria-label': t('common.close') }}
      onClose={() => {
        if (!close.isPending) onAgain();
      }}
    >
      <Stack>
        <LeaveForm drawer={drawer} counted={count.cash} texts={texts} onTexts={setTexts} />
        <Difference drawer={drawer} count={count} />
        <Textarea
          label={`${t('till.close.why')} (${t('common.optional')})`}
          value={note}
          maxLength={500}
          autosize
          onChange={(event) => {
            setNote(event.currentTarget.value);
          }}
        />
        <Refusal error={close.error} />
        <Group grow>
          <Button variant="default" size="lg" disabled={close.isPending} onClick={onAgain}>
            {t('till.close.again')}
          </Button>
          <Button
            size="lg"
            loading={close.isPending}
            disabled={left === null}
            onClick={() => {
              if (left !== null && !close.isPending)
                close.mutate({ count, left, note, key }, { onSuccess: onClosed });
            }}
          >
            {t('till.close.do')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

/** Counted against expected; under blind close only what was counted. */
function Difference({ drawer, count }: { drawer: Drawer; count: Count }) {
  const { t } = useTranslation();
  return (
    <Stack gap="sm">
      {drawer.balances.map(({ currency, expectedCash }) => {
        const counted = count.cash[currency] ?? 0;
        const expected = expectedCash === null ? null : toMinor(expectedCash, currency);
        return (
          <Table key={currency} fz="md" aria-label={currency}>
            <Table.Tbody>
              {expected !== null && (
                <Line name={t('till.report.lines.expectedCash')}>
                  <Money minor={expected} currency={currency} />
                </Line>
              )}
              <Line name={t('till.report.lines.countedCash')}>
                <Money minor={counted} currency={currency} />
              </Line>
              {expected !== null && (
                <Line name={t('till.report.lines.variance')} testId={`difference-${currency}`}>
                  <Money minor={counted - expected} currency={currency} sign="always" fw={650} />
                </Line>
              )}
            </Table.Tbody>
          </Table>
        );
      })}
    </Stack>
  );
}

function Line({ name, testId, children }: { name: string; testId?: string; children: ReactNode }) {
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={400}>
        {name}
      </Table.Th>
      <Table.Td ta="right" data-testid={testId}>
        {children}
      </Table.Td>
    </Table.Tr>
  );
}

function Closed({ drawer }: { drawer: Drawer }) {
  const { t, i18n } = useTranslation();
  const z = useZ(drawer.id);
  const client = useQueryClient();
  const navigate = useNavigate();
  const leave = useLogout('till');
  const send = useMutation({ mutationFn: () => sendZ(drawer.id, i18n.language) });
  const goOn = async () => {
    await client.invalidateQueries({ queryKey: ['drawer'] });
    await client.invalidateQueries({ queryKey: ['me'] });
    await navigate({ to: '/till' });
  };
  return (
    <Container component="main" size="md" py="lg">
      <Stack>
        <Title order={1} size="h2" data-testid="z-title">
          {z.data === undefined ? t('till.close.closed') : t('till.close.z', { number: z.data.zNumber })}
        </Title>
        {z.data?.session.status === 'PENDING_REVIEW' && (
          <Alert color="brass" role="status">
            {t('till.close.review')}
          </Alert>
        )}
        <Refusal error={z.error ?? send.error} />
        {z.isPending && <Waiting />}
        {z.data !== undefined && <ReportView report={z.data} />}
        <Card className="surface no-print">
          <SimpleGrid cols={{ base: 1, xs: 2 }}>
            <Button
              variant="default"
              size="lg"
              onClick={() => {
                window.print();
              }}
            >
              {t('till.close.print')}
            </Button>
            <Button
              variant="default"
              size="lg"
              loading={send.isPending}
              onClick={() => {
                send.mutate();
              }}
            >
              {t('till.close.send')}
            </Button>
            <Button variant="default" size="lg" onClick={() => void goOn()}>
              {t('till.close.openAgain')}
            </Button>
            <Button
              size="lg"
              loading={leave.isPending}
              onClick={() => {
                leave.mutate(undefined, { onSuccess: () => void navigate({ to: '/till' }) });
              }}
            >
              {t('till.logout')}
            </Button>
          </SimpleGrid>
        </Card>
      </Stack>
    </Container>
  );
}

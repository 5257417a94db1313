import { Alert, Button, Container, Stack, Text, Textarea, Title } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import type { Me } from '@/api';
import { CountForm, countOf, emptyCount } from '@/components/CountForm';
import { useMoney } from '@/components/Money';
import { Refusal } from '@/components/Refusal';
import { useActKey } from '@/components/useActKey';
import { toMinor } from '@/money';
import type { Cash } from '@/money';
import { useOpen } from '@/state/queries/drawer';

/** The opening float, by notes and coins or by total, against what the last close left. */
export function OpenPage({ me }: { me: Me }) {
  const { t } = useTranslation();
  const money = useMoney();
  const currencies = me.branch?.currencies ?? [];
  const [typed, setTyped] = useState(() => emptyCount(currencies));
  const [note, setNote] = useState('');
  const [key] = useActKey();
  const open = useOpen();
  const count = countOf(typed);
  const last = me.register?.lastClose ?? null;
  const left: Cash | null = last
    ? Object.fromEntries(Object.entries(last.leftCash).map(([cur, amount]) => [cur, toMinor(amount, cur)]))
    : null;
  const written = (cash: Cash) => currencies.map((cur) => money.minor(cash[cur] ?? 0, cur)).join(' · ');
  const differs =
    left !== null && count !== null && currencies.some((cur) => (left[cur] ?? 0) !== count.cash[cur]);

  return (
    <Container component="main" size="md" py="lg">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (count === null || open.isPending) return;
          open.mutate({ count, note, key });
        }}
      >
        <Stack>
          <Title order={1} size="h2">
            {t('till.open.title')}
          </Title>
          <Text c="dimmed">{t('till.open.hint')}</Text>
          {left !== null && (
            <Text data-testid="last-close">{t('till.open.left', { amount: written(left) })}</Text>
          )}
          <CountForm typed={typed} onTyped={setTyped} />
          {differs && (
            <Alert color="brass" role="status">
              {t('till.open.differs')}
            </Alert>
          )}
          <Textarea
            label={`${t('common.note')} (${t('common.optional')})`}
            value={note}
            maxLength={500}
            autosize
            onChange={(event) => {
              setNote(event.currentTarget.value);
            }}
          />
          <Refusal error={open.error} />
          <Button type="submit" size="xl" loading={open.isPending} disabled={count === null}>
            {t('till.open.do', { amount: count === null ? '' : written(count.cash) })}
          </Button>
        </Stack>
      </form>
    </Container>
  );
}

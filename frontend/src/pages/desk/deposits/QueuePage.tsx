import { Button, Card, Kbd, SimpleGrid, Stack, Text, Title, UnstyledButton } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import type { KeyboardEvent, MouseEvent } from 'react';
import { useTranslation } from 'react-i18next';

import { Refusal } from '@/components/Refusal';
import { useLive } from '@/state/live';
import { useDepositEvents } from '@/state/queries/deposits';
import type { Category, Deposit } from '@/state/queries/deposits';

import { useMay } from '../parts/useMay';
import { CategoryChoice, useCategoryName } from './CategoryChoice';
import { Correct } from './Correct';
import { DepositHead } from './DepositHead';
import { Facts, named } from './Facts';
import classes from './Queue.module.css';
import { Reject } from './Reject';
import { useQueue } from './useQueue';
import { useWeight } from './weight';

const NEXT_SHOWN = 8;

/** What waits for somebody who may decide. */
export function QueuePage() {
  const { t } = useTranslation();
  const mayDecide = useMay()('deposits:validate');
  return (
    <Stack>
      <DepositHead title={t('deposits.queue.title')} />
      {mayDecide ? <Queue /> : <Text>{t('errors.ROLE_FORBIDDEN')}</Text>}
    </Stack>
  );
}

/** One at a time: looked at, decided, and the next one is there. */
function Queue() {
  const { t } = useTranslation();
  const queue = useQueue();
  const [asked, setAsked] = useState<'reject' | 'correct' | null>(null);
  const [chosen, setChosen] = useState<{ id: string; category: Category } | null>(null);
  useLive(useDepositEvents());
  const { current } = queue;
  const category =
    current !== null && chosen?.id === current.id ? chosen.category : (current?.category as Category);
  const forget = () => {
    setAsked(null);
  };
  return (
    <>
      <Refusal error={queue.error} />
      <Text role="status" mih={24} data-testid="decided">
        {queue.last !== null && t(`deposits.queue.${queue.last.what}`, { what: named(queue.last.deposit) })}
      </Text>
      {queue.refused !== null && (
        <>
          <Text fw={600}>{named(queue.refused.deposit)}</Text>
          <Refusal error={queue.refused.error} />
        </>
      )}
      {current === null && !queue.isLoading && <Text>{t('deposits.queue.empty')}</Text>}
      {current !== null && (
        <SimpleGrid cols={{ base: 1, md: 2 }}>
          <Current
            deposit={current}
            category={category}
            onCategory={(picked) => {
              setChosen({ id: current.id, category: picked });
            }}
            onMove={queue.move}
            onValidate={() => void queue.validate(current, category)}
            onAsk={setAsked}
          />
          <Next queue={queue} />
        </SimpleGrid>
      )}
      {asked === 'reject' && current !== null && (
        <Reject
          deposit={current}
          onClose={forget}
          onReject={(reason) => {
            forget();
            void queue.reject(current, reason);
          }}
        />
      )}
      {asked === 'correct' && current !== null && (
        <Correct
          deposit={current}
          category={category}
          onClose={forget}
          onDone={(made) => {
            forget();
            queue.corrected(current, made);
          }}
        />
      )}
    </>
  );
}

interface CurrentProps {
  deposit: Deposit;
  category: Category;
  onCategory: (category: Category) => void;
  onMove: (by: 1 | -1) => void;
  onValidate: () => void;
  onAsk: (what: 'reject' | 'correct') => void;
}

/** A second press of a double click would be meant for a deposit that nobody has seen yet. */
function once(act: () => void) {
  return (event: MouseEvent) => {
    if (event.detail < 2) act();
  };
}

/** The deposit that is decided. Its keys work while the focus is in it, and it takes the focus as it comes. */
function Current({ deposit, category, onCategory, onMove, onValidate, onAsk }: CurrentProps) {
  const { t } = useTranslation();
  const weight = useWeight();
  const card = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const { activeElement } = document;
    if (activeElement === document.body || card.current?.contains(activeElement) === true) {
      card.current?.focus();
    }
  }, [deposit.id]);
  const acts: Record<string, () => void> = {
    v: onValidate,
    r: () => {
      onAsk('reject');
    },
    c: () => {
      onAsk('correct');
    },
    ArrowDown: () => {
      onMove(1);
    },
    ArrowUp: () => {
      onMove(-1);
    },
  };
  deposit.suggestions.forEach((suggestion, at) => {
    acts[String(at + 1)] = () => {
      onCategory(suggestion.category as Category);
    };
  });
  const press = (event: KeyboardEvent<HTMLElement>) => {
    const isElsewhere = event.target instanceof HTMLSelectElement;
    if (isElsewhere || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = acts[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  };
  const buttons = [
    { key: 'V', label: t('deposits.validate'), act: onValidate, variant: 'filled' },
    { key: 'R', label: t('deposits.reject.title'), act: acts.r, variant: 'default' },
    { key: 'C', label: t('deposits.correct.title'), act: acts.c, variant: 'default' },
  ];
  return (
    <Card
      ref={card}
      className="surface"
      component="section"
      aria-label={`${t('deposits.queue.current')}: ${named(deposit)}, ${weight(deposit.weightGrams)}`}
      tabIndex={-1}
      onKeyDown={press}
    >
      <Stack>
        <Facts deposit={deposit} />
        <CategoryChoice
          suggestions={deposit.suggestions}
          value={category}
          hasKeys
          onValue={(picked) => {
            onCategory(picked);
            // Back from the list of all categories, whose own keys are letters.
            card.current?.focus();
          }}
        />
        <SimpleGrid cols={2} spacing="xs">
          {buttons.map(({ key, label, act, variant }, at) => (
            <Button
              key={key}
              size="lg"
              px="xs"
              variant={variant}
              className={at === 0 ? classes.first : undefined}
              aria-keyshortcuts={key}
              leftSection={
                <Kbd visibleFrom="sm" aria-hidden>
                  {key}
                </Kbd>
              }
              onClick={once(() => act?.())}
            >
              {label}
            </Button>
          ))}
        </SimpleGrid>
        <Text c="dimmed" visibleFrom="sm">
          {t('deposits.queue.keys')}
        </Text>
      </Stack>
    </Card>
  );
}

/** What comes next; any of it can be taken first. */
function Next({ queue }: { queue: ReturnType<typeof useQueue> }) {
  const { t } = useTranslation();
  const name = useCategoryName();
  const weight = useWeight();
  const { waiting, at, hasMore } = queue;
  const first = Math.max(0, Math.min(at, waiting.length - NEXT_SHOWN));
  return (
    <section aria-label={t('deposits.queue.waiting')}>
      <Title order={2} size="h4" mb="xs">
        {t('deposits.queue.waiting')}: <span data-testid="waiting">{waiting.length}</span>
        {hasMore ? '+' : ''}
      </Title>
      {waiting.slice(first, first + NEXT_SHOWN).map((deposit) => (
        <UnstyledButton
          key={deposit.id}
          display="block"
          w="100%"
          py={8}
          px="xs"
          mih={44}
          aria-current={deposit.id === waiting[at]?.id}
          fw={deposit.id === waiting[at]?.id ? 650 : 400}
          style={{ overflowWrap: 'anywhere', borderBottom: '1px solid var(--mantine-color-default-border)' }}
          onClick={() => {
            queue.look(deposit.id);
          }}
        >
          {named(deposit)}{' '}
          <Text span c="dimmed">
            {weight(deposit.weightGrams)} · {name(deposit.category)} · {deposit.recordedByName}
          </Text>
        </UnstyledButton>
      ))}
    </section>
  );
}

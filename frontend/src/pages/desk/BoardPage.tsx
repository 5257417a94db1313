import { Badge, Button, Card, Group, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { memo, useCallback, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { useMoney } from '@/components/Money';
import { Refusal } from '@/components/Refusal';
import { useLive } from '@/state/live';
import { useBoardEvents, useLiveBoard } from '@/state/queries/board';
import type { BoardLine } from '@/state/queries/board';

import { ForceClose } from './parts/ForceClose';
import { Release } from './parts/Release';
import { ButtonTo } from './parts/links';
import { useTime } from './parts/time';
import { useMay } from './parts/useMay';

const COLOURS = { FREE: 'gray', BUSY: 'pine', PAUSED: 'brass' } as const;

/** Every register as it stands now: who, since when, what should be in its drawer, when it sold last. */
export function BoardPage() {
  const { t } = useTranslation();
  const may = useMay();
  return (
    <Stack>
      <Title order={1} size="h2">
        {t('desk.board.title')}
      </Title>
      {may('cash:supervise') ? (
        <Board mayRelease={may('terminals:administer')} />
      ) : (
        <Text>{t('office.board.notYours')}</Text>
      )}
    </Stack>
  );
}

type Act = 'release' | 'close';

function Board({ mayRelease }: { mayRelease: boolean }) {
  const { t } = useTranslation();
  const board = useLiveBoard();
  const [chosen, setChosen] = useState<{ line: BoardLine; act: Act } | null>(null);
  useLive(useBoardEvents());
  const choose = useCallback((line: BoardLine, act: Act) => {
    setChosen({ line, act });
  }, []);
  const forget = () => {
    setChosen(null);
  };
  return (
    <>
      <Refusal error={board.error} />
      {board.data?.length === 0 && <Text>{t('desk.board.none')}</Text>}
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3, xl: 4 }}>
        {board.data?.map((line) => (
          <RegisterCard key={line.registerId} line={line} mayRelease={mayRelease} onAct={choose} />
        ))}
      </SimpleGrid>
      {chosen?.act === 'release' && <Release line={chosen.line} onClose={forget} />}
      {chosen?.act === 'close' && chosen.line.drawer !== null && (
        <ForceClose
          sessionId={chosen.line.drawer.sessionId}
          currencies={chosen.line.drawer.balances.map((balance) => balance.currency)}
          whose={chosen.line.drawer.openedByName}
          onClose={forget}
        />
      )}
    </>
  );
}

interface CardProps {
  line: BoardLine;
  mayRelease: boolean;
  onAct: (line: BoardLine, act: Act) => void;
}

/** Drawn anew only when its own register has changed: a board has hundreds of them. */
const RegisterCard = memo(function RegisterCard({ line, mayRelease, onAct }: CardProps) {
  const { t } = useTranslation();
  const time = useTime();
  return (
    <Card className="surface" component="section" aria-label={line.registerName}>
      <Group justify="space-between" wrap="nowrap" align="flex-start">
        <div>
          <Title order={2} size="h4">
            {line.registerName}
          </Title>
          <Text c="dimmed">{line.branchName}</Text>
        </div>
        <Badge size="lg" tt="none" variant="light" color={COLOURS[line.state]}>
          {t(`office.board.state.${line.state}`)}
        </Badge>
      </Group>
      <Stack gap={2} mt="md" mih={104}>
        {line.user !== null && line.since !== null && (
          <Text>
            {line.user.name}, {t('desk.board.since', { time: time.clock(line.since) })}
          </Text>
        )}
        <Expected line={line} />
        {line.lastSaleAt !== null && (
          <Text c="dimmed">{t('office.board.lastSale', { time: time.moment(line.lastSaleAt) })}</Text>
        )}
        {line.drawer !== null && line.drawer.movementsWaiting > 0 && (
          <Text fw={600}>{t('office.board.waiting', { count: line.drawer.movementsWaiting })}</Text>
        )}
      </Stack>
      <Group mt="sm" gap="xs">
        {line.drawer !== null && (
          <ButtonTo variant="default" to="/desk/sessions/$id" params={{ id: line.drawer.sessionId }}>
            {t('office.board.show')}
          </ButtonTo>
        )}
        {line.drawer !== null && (
          <Button
            variant="default"
            onClick={() => {
              onAct(line, 'close');
            }}
          >
            {t('office.board.forceClose')}
          </Button>
        )}
        {mayRelease && (line.user !== null || line.drawer !== null) && (
          <Button
            variant="default"
            onClick={() => {
              onAct(line, 'release');
            }}
          >
            {t('desk.board.release')}
          </Button>
        )}
      </Group>
    </Card>
  );
});

function Expected({ line }: { line: BoardLine }) {
  const { t } = useTranslation();
  const money = useMoney();
  if (line.drawer === null) return <Text c="dimmed">{t('desk.board.closedDrawer')}</Text>;
  const amounts = line.drawer.balances.map((balance) =>
    balance.expectedCash === null ? '–' : money.wire(balance.expectedCash, balance.currency),
  );
  return (
    <Text>
      <Text span fw={650} fz="xl" data-testid="expected">
        {amounts.join(' · ')}
      </Text>{' '}
      {t('desk.board.expected')}
    </Text>
  );
}

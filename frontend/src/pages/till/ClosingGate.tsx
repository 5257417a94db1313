import { Alert, Anchor, Button, Container, Stack, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { useOnline } from '@/state/online';
import { useParkedCarts } from '@/state/queries/carts';
import { useDrawer } from '@/state/queries/drawer';
import { useMe } from '@/state/queries/me';
import { isEmpty } from '@/till/cart';
import { sync, useCart, useParkedHere, useQueued } from '@/till/selling';

import { ClosePage } from './ClosePage';
import { PendingMovements } from './closing/PendingMovements';
import { NeedsNetwork } from './selling/NeedsNetwork';

/** Closing is one path that begins with what is not done yet: the network, unsent sales, a cart. */
export function ClosingGate() {
  const { t } = useTranslation();
  const isOnline = useOnline();
  const me = useMe().data;
  const drawer = useDrawer().data ?? null;
  const { waiting, refused, isKnown } = useQueued();
  // Who counts already keeps what was typed, although the network comes and goes.
  const [isPast, setIsPast] = useState(false);
  const unsent = waiting.filter((sale) => sale.userId === me?.user.id);
  const isHeldUp = !isOnline || unsent.length > 0;
  if (isKnown && !isHeldUp && !isPast) setIsPast(true);
  const waits = isHeldUp && (
    <>
      <NeedsNetwork what="close" />
      {unsent.length > 0 && (
        <Alert color="brass" title={t('selling.closing.unsent', { count: unsent.length })}>
          <Stack align="start">
            <Text>{t('selling.closing.unsentHint')}</Text>
            <Button
              disabled={!isOnline}
              onClick={() => {
                if (me !== undefined) void sync(me.user.id);
              }}
            >
              {t('selling.closing.send')}
            </Button>
          </Stack>
        </Alert>
      )}
    </>
  );
  if (!isPast) {
    return (
      <Container component="main" size="sm" py="lg">
        {waits}
      </Container>
    );
  }
  return (
    <ClosePage
      before={
        <>
          {waits}
          {drawer !== null && <PendingMovements sessionId={drawer.id} />}
          <LeftUndone refusedCount={refused.length} />
        </>
      }
    />
  );
}

/** What does not hold up the closing, and should not be forgotten: refused sales, a cart, parked carts. */
function LeftUndone({ refusedCount }: { refusedCount: number }) {
  const { t } = useTranslation();
  const me = useMe().data;
  const cart = useCart();
  const here = useParkedHere();
  const there = useParkedCarts(true).data ?? [];
  const own = there.filter((one) => one.cashierId === me?.user.id && !here.some((two) => two.id === one.id));
  const parkedCount = here.length + own.length;
  if (refusedCount === 0 && isEmpty(cart) && parkedCount === 0) return null;
  return (
    <Alert color="brass" title={t('selling.closing.undone')}>
      {refusedCount > 0 && (
        <Text>
          {t('selling.closing.refused', { count: refusedCount })}{' '}
          <Anchor component={Link} to="/till/unsent">
            {t('selling.unsent.title')}
          </Anchor>
        </Text>
      )}
      {!isEmpty(cart) && <Text>{t('selling.closing.cart')}</Text>}
      {parkedCount > 0 && (
        <Text data-testid="parked-work">{t('selling.closing.parked', { count: parkedCount })}</Text>
      )}
      {(!isEmpty(cart) || parkedCount > 0) && (
        <Button mt="xs" variant="default" component={Link} to="/till/sell">
          {t('selling.closing.toCarts')}
        </Button>
      )}
    </Alert>
  );
}

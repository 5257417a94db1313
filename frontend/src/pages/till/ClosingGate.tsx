import { Alert, Anchor, Button, Container, Stack, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';

import { useOnline } from '@/state/online';
import { useMe } from '@/state/queries/me';
import { isEmpty } from '@/till/cart';
import { sync, useCart, useQueued } from '@/till/selling';

import { ClosePage } from './ClosePage';
import { NeedsNetwork } from './selling/NeedsNetwork';

/** Closing is one path that begins with what is not done yet: the network, unsent sales, a cart. */
export function ClosingGate() {
  const { t } = useTranslation();
  const isOnline = useOnline();
  const me = useMe().data;
  const cart = useCart();
  const { waiting, refused } = useQueued();
  const unsent = waiting.filter((sale) => sale.userId === me?.user.id);
  if (!isOnline || unsent.length > 0) {
    return (
      <Container component="main" size="sm" py="lg">
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
      </Container>
    );
  }
  return (
    <>
      {(refused.length > 0 || !isEmpty(cart)) && (
        <Container size="md" pt="lg">
          <Alert color="brass">
            {refused.length > 0 && (
              <Text>
                {t('selling.closing.refused', { count: refused.length })}{' '}
                <Anchor component={Link} to="/till/unsent">
                  {t('selling.unsent.title')}
                </Anchor>
              </Text>
            )}
            {!isEmpty(cart) && <Text>{t('selling.closing.cart')}</Text>}
          </Alert>
        </Container>
      )}
      <ClosePage />
    </>
  );
}

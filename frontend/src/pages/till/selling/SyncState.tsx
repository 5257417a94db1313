import { Button, Group, Indicator } from '@mantine/core';
import { Link, useLocation } from '@tanstack/react-router';
import { useCallback, useEffect } from 'react';
import { useTranslation } from 'react-i18next';

import { onContactChange, useHeartbeat, useOnline } from '@/state/online';
import { sync, useQueued } from '@/till/selling';

/** How many sales wait, always in sight, on every page of the till; and the engine that sends them. */
export function SyncState({ userId }: { userId: string }) {
  const { t } = useTranslation();
  const isOnline = useOnline();
  const { waiting, refused } = useQueued();
  const beaten = useCallback(
    (found: boolean) => {
      if (found) void sync(userId).catch(() => undefined);
    },
    [userId],
  );
  useHeartbeat(beaten);
  // Not only with the next beat: at once.
  useEffect(() => onContactChange(() => void sync(userId).catch(() => undefined)), [userId]);
  const isQuiet = isOnline && waiting.length === 0 && refused.length === 0;
  if (isQuiet) return null;
  return (
    <Indicator disabled={refused.length === 0} color="red" label={refused.length} size={18} offset={4}>
      <Button
        component={Link}
        to="/till/unsent"
        variant="light"
        color={isOnline ? 'pine' : 'brass'}
        px="sm"
        data-testid="sync-state"
        data-online={isOnline}
        aria-live="polite"
      >
        {isOnline ? '' : `${t('selling.offline.badge')} · `}
        {t('selling.unsent.count', { count: waiting.length })}
      </Button>
    </Indicator>
  );
}

const PAGES = [
  { to: '/till/sell', label: 'selling.nav.sell' },
  { to: '/till', label: 'selling.nav.drawer' },
  { to: '/till/sales', label: 'selling.nav.sales' },
] as const;

/** The three places of a till. */
export function TillNav() {
  const { t } = useTranslation();
  const here = useLocation().pathname;
  return (
    <Group component="nav" gap={2} wrap="nowrap" data-till-nav aria-label={t('selling.nav.title')}>
      {PAGES.map((page) => (
        <Button
          key={page.to}
          component={Link}
          to={page.to}
          px="sm"
          variant={here === page.to ? 'light' : 'subtle'}
          aria-current={here === page.to ? 'page' : undefined}
        >
          {t(page.label)}
        </Button>
      ))}
    </Group>
  );
}

import { Alert, Badge, Box, Button, Center, Group, Loader, Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { Outlet, useLocation } from '@tanstack/react-router';
import { useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';

import type { Me } from '@/api';
import { Preferences } from '@/components/Preferences';
import { Refusal } from '@/components/Refusal';
import { store } from '@/state/device';
import { useLive } from '@/state/live';
import { useLogin } from '@/state/login';
import type { Login } from '@/state/login';
import { useDrawer } from '@/state/queries/drawer';
import { useMe } from '@/state/queries/me';
import { checkLogin, useLoginWatch, useLogout } from '@/state/queries/terminal';
import { useKept } from '@/state/store';
import { useScanner } from '@/till/scanning';

import { NeedsNetwork } from './selling/NeedsNetwork';
import { SyncState, TillNav } from './selling/SyncState';
import styles from './TillShell.module.css';

const StorePage = lazy(() => import('./StorePage').then((page) => ({ default: page.StorePage })));
const LoginPage = lazy(() => import('./LoginPage').then((page) => ({ default: page.LoginPage })));
const OpenPage = lazy(() => import('./OpenPage').then((page) => ({ default: page.OpenPage })));

/** The till's steps in their order: the store of this device, a login, an open drawer, and then its pages. */
export function TillShell() {
  const { t } = useTranslation();
  const place = useKept(store);
  const login = useLogin('till');
  useScanner(() => {
    notifications.show({ message: t('selling.scan.elsewhere'), color: 'brass', role: 'status' });
  });
  return (
    <Suspense fallback={<Waiting />}>
      {place === null ? (
        <StorePage />
      ) : login === null ? (
        <LoginPage place={place} />
      ) : (
        <LoggedIn login={login} />
      )}
    </Suspense>
  );
}

export function Waiting() {
  const { t } = useTranslation();
  return (
    <Center mih="60dvh">
      <Loader aria-label={t('common.loading')} />
    </Center>
  );
}

function LoggedIn({ login }: { login: Login }) {
  const client = useQueryClient();
  useLoginWatch('till');
  useLive((event) => {
    if (event.type === 'ready') return;
    if (event.type === 'ended' || event.type.startsWith('terminal.'))
      void checkLogin('till').catch(() => undefined);
    if (event.type === 'reset' || event.type.startsWith('cash.')) void client.invalidateQueries();
    if (event.type.startsWith('catalogue.')) void client.invalidateQueries({ queryKey: ['till-catalogue'] });
  });
  return (
    <Box mih="100dvh">
      <Bar login={login} />
      <Suspense fallback={<Waiting />}>
        <WithDrawer />
      </Suspense>
    </Box>
  );
}

function WithDrawer() {
  const drawer = useDrawer();
  const me = useMe();
  const { t } = useTranslation();
  // The page that closes the drawer goes on to show its Z.
  const isClosing = useLocation().pathname === '/till/close';
  if (drawer.data === undefined || me.data === undefined) {
    const error = drawer.error ?? me.error;
    if (error === null) return <Waiting />;
    return (
      <Stack component="main" p="lg" maw={520} mx="auto">
        <Refusal error={error} />
        <Button
          onClick={() => {
            void drawer.refetch();
            void me.refetch();
          }}
        >
          {t('common.retry')}
        </Button>
      </Stack>
    );
  }
  if (drawer.data === null && !isClosing) return <Opening me={me.data} />;
  return (
    <>
      <Remembers isOpen={!isClosing} />
      <Outlet />
    </>
  );
}

/** The login whose drawer is open: when it is gone without having been closed here, somebody else has closed it. */
let openFor: string | null = null;

function Remembers({ isOpen }: { isOpen: boolean }) {
  const login = useLogin('till');
  useEffect(() => {
    openFor = isOpen ? (login?.sessionId ?? null) : null;
  }, [login, isOpen]);
  return null;
}

function Opening({ me }: { me: Me }) {
  const { t } = useTranslation();
  const login = useLogin('till');
  const [isGone] = useState(() => openFor !== null && openFor === login?.sessionId);
  return (
    <>
      <Stack gap={0} px="lg" pt="md" maw={900} mx="auto">
        {isGone && (
          <Alert color="brass" role="alert" title={t('selling.gone.title')}>
            {t('selling.gone.text')}
          </Alert>
        )}
        <NeedsNetwork what="open" />
      </Stack>
      <OpenPage me={me} />
    </>
  );
}

function Bar({ login }: { login: Login }) {
  const { t } = useTranslation();
  const leave = useLogout('till');
  return (
    <Group
      component="header"
      justify="space-between"
      px="md"
      py={6}
      gap="xs"
      className={`surface ${styles.bar ?? ''}`}
      style={{ borderBottom: '1px solid var(--mantine-color-default-border)' }}
    >
      <Group gap="sm" miw={0}>
        <Badge size="lg" variant="light" tt="none" visibleFrom="sm">
          {login.register?.name}
        </Badge>
        <Text fw={650} truncate data-testid="cashier">
          {login.user.name}
        </Text>
        <Text c="dimmed" visibleFrom="md" truncate>
          {login.branch.name}
        </Text>
      </Group>
      <TillNav />
      <Group gap={4} wrap="nowrap">
        <SyncState userId={login.user.id} />
        <Preferences />
        <Button
          variant="default"
          loading={leave.isPending}
          onClick={() => {
            leave.mutate();
          }}
        >
          {t('till.logout')}
        </Button>
      </Group>
    </Group>
  );
}

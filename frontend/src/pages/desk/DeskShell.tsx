import {
  Anchor,
  AppShell,
  Burger,
  Button,
  Card,
  Center,
  Group,
  NavLink,
  PasswordInput,
  Stack,
  Text,
  TextInput,
  Title,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { Link, Outlet } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { Preferences } from '@/components/Preferences';
import { Refusal } from '@/components/Refusal';
import { useLogin } from '@/state/login';
import { useMe } from '@/state/queries/me';
import { useLoginPassword, useLoginWatch, useLogout } from '@/state/queries/terminal';

import { NAVIGATION } from './navigation';

/** The desk: a login by password, then the pages that the person's role may see. */
export function DeskShell() {
  return useLogin('desk') === null ? <Login /> : <Shell />;
}

function Login() {
  const { t } = useTranslation();
  const [given, setGiven] = useState({ organisation: '', username: '', password: '' });
  const login = useLoginPassword();
  const isReady = given.username.trim() !== '' && given.password !== '';
  return (
    <Center mih="100dvh" p="md" component="main">
      <Card w="100%" maw={440} className="surface" padding="xl">
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (isReady && !login.isPending) login.mutate(given);
          }}
        >
          <Stack>
            <Group justify="space-between" wrap="nowrap">
              <Title order={1} size="h2">
                {t('desk.title')}
              </Title>
              <Preferences />
            </Group>
            <Text c="dimmed">{t('desk.login.hint')}</Text>
            <TextInput
              label={`${t('desk.login.organisation')} (${t('common.optional')})`}
              value={given.organisation}
              autoComplete="organization"
              onChange={(event) => {
                setGiven({ ...given, organisation: event.currentTarget.value.trim() });
              }}
            />
            <TextInput
              label={t('desk.login.username')}
              value={given.username}
              autoComplete="username"
              autoCapitalize="none"
              autoFocus
              onChange={(event) => {
                setGiven({ ...given, username: event.currentTarget.value });
              }}
            />
            <PasswordInput
              label={t('desk.login.password')}
              value={given.password}
              autoComplete="current-password"
              visibilityToggleButtonProps={{ 'aria-label': t('desk.login.show'), size: 44, tabIndex: 0 }}
              rightSectionWidth={52}
              onChange={(event) => {
                setGiven({ ...given, password: event.currentTarget.value });
              }}
            />
            <Refusal error={login.error} />
            <Button type="submit" size="lg" loading={login.isPending} disabled={!isReady}>
              {t('desk.login.do')}
            </Button>
            <Anchor href="/till" ta="center" py={10}>
              {t('common.toTheTill')}
            </Anchor>
          </Stack>
        </form>
      </Card>
    </Center>
  );
}

function Shell() {
  const { t } = useTranslation();
  const [isOpen, menu] = useDisclosure();
  const me = useMe();
  const leave = useLogout('desk');
  useLoginWatch('desk');
  const permissions = new Set(me.data?.user.permissions ?? []);
  const pages = NAVIGATION.filter((page) => permissions.has(page.permission));
  return (
    <AppShell
      header={{ height: 60 }}
      navbar={{ width: 240, breakpoint: 'sm', collapsed: { mobile: !isOpen } }}
      padding="md"
    >
      <AppShell.Header className="surface">
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="xs" wrap="nowrap" miw={0}>
            <Burger
              opened={isOpen}
              onClick={menu.toggle}
              hiddenFrom="sm"
              size={26}
              aria-label={t('desk.nav')}
            />
            <Text fw={650} truncate>
              {me.data?.user.name}
            </Text>
            <Text c="dimmed" truncate visibleFrom="sm">
              {me.data?.branch?.name}
            </Text>
          </Group>
          <Group gap={4} wrap="nowrap">
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
      </AppShell.Header>
      <AppShell.Navbar p="sm" className="surface" aria-label={t('desk.nav')} style={{ overflowY: 'auto' }}>
        {pages.map((page) => (
          <NavLink
            key={page.to}
            component={Link}
            to={page.to}
            label={t(page.label)}
            activeOptions={{ exact: page.to === '/desk' }}
            mih={44}
            onClick={menu.close}
          />
        ))}
      </AppShell.Navbar>
      <AppShell.Main>
        <Refusal error={me.error} />
        {me.data !== undefined && <Outlet />}
      </AppShell.Main>
    </AppShell>
  );
}

import {
  Button,
  Chip,
  Container,
  Group,
  SegmentedControl,
  Stack,
  Text,
  TextInput,
  Title,
} from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { AmountField } from '@/components/AmountField';
import { Refusal } from '@/components/Refusal';
import { useActKey } from '@/components/useActKey';
import { parseAmount } from '@/money';
import type { Cash } from '@/money';
import { useDrawer, useMove } from '@/state/queries/drawer';
import type { Drawer } from '@/state/queries/drawer';
import { useMe } from '@/state/queries/me';

import styles from './MovementPage.module.css';

type Kind = 'PAID_IN' | 'PAID_OUT' | 'SAFE_DROP' | 'ADJUSTMENT';
const KINDS: Kind[] = ['PAID_IN', 'PAID_OUT', 'SAFE_DROP', 'ADJUSTMENT'];

const TALL = { minHeight: 44, display: 'grid', alignItems: 'center', whiteSpace: 'normal' } as const;

const REASONS = {
  PAID_IN: ['float', 'repaid'],
  PAID_OUT: ['supplies', 'delivery', 'advance'],
  SAFE_DROP: ['safe', 'bank'],
  ADJUSTMENT: ['wrongChange', 'miscounted'],
} as const;

export function MovementPage() {
  const drawer = useDrawer().data;
  return drawer == null ? null : <Form drawer={drawer} />;
}

function Form({ drawer }: { drawer: Drawer }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const policies = useMe().data?.branch?.policies;
  const [kind, setKind] = useState<Kind>('PAID_IN');
  const [isLess, setIsLess] = useState(true);
  const [texts, setTexts] = useState<Record<string, string>>({});
  const [reason, setReason] = useState('');
  const [key] = useActKey();
  const move = useMove(drawer.id);
  const kinds = KINDS.filter((one) => one !== 'PAID_OUT' || policies?.cashAllowPaidOut !== false);
  const amount = amountOf(texts, kind === 'ADJUSTMENT' && isLess);
  const isReady = amount !== null && reason.trim().length >= 3;
  const presets =
    policies?.cashMovementReasons[kind] ?? REASONS[kind].map((name) => t(`till.movement.reasons.${name}`));

  const record = () => {
    if (amount === null || !isReady || move.isPending) return;
    move.mutate(
      { kind, amount, reason, key },
      {
        onSuccess: (movement) => {
          const isWaiting = movement.status === 'PENDING';
          notifications.show({
            message: isWaiting ? t('till.movement.pending') : t('till.movement.recorded'),
            color: isWaiting ? 'brass' : 'pine',
          });
          void navigate({ to: '/till' });
        },
      },
    );
  };

  return (
    <Container component="main" size="sm" py="lg">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          record();
        }}
      >
        <Stack>
          <Title order={1} size="h2">
            {t('till.home.movement')}
          </Title>
          <SegmentedControl
            aria-label={t('till.movement.kind')}
            value={kind}
            onChange={(value) => {
              setKind(value);
            }}
            data={kinds.map((value) => ({ value, label: t(`till.movement.kinds.${value}`) }))}
            className={styles.kinds}
            withItemsBorders={false}
            styles={{ label: TALL }}
          />
          {kind === 'ADJUSTMENT' && (
            <SegmentedControl
              aria-label={t('till.movement.direction')}
              value={isLess ? 'less' : 'more'}
              onChange={(value) => {
                setIsLess(value === 'less');
              }}
              data={[
                { value: 'less', label: t('till.movement.less') },
                { value: 'more', label: t('till.movement.more') },
              ]}
              styles={{ label: TALL }}
            />
          )}
          {drawer.balances.map(({ currency }, at) => (
            <AmountField
              key={currency}
              label={`${t('common.amount')} (${currency})`}
              currency={currency}
              autoFocus={at === 0}
              text={texts[currency] ?? ''}
              onText={(text) => {
                setTexts({ ...texts, [currency]: text });
              }}
            />
          ))}
          <Chip.Group
            value={presets.includes(reason) ? reason : ''}
            onChange={(value) => {
              setReason(value);
            }}
          >
            <Group gap="xs" role="radiogroup" aria-label={t('till.movement.preset')}>
              {presets.map((preset) => (
                <Chip key={preset} value={preset} size="md" styles={{ label: { minHeight: 44 } }}>
                  {preset}
                </Chip>
              ))}
            </Group>
          </Chip.Group>
          <TextInput
            label={t('common.reason')}
            value={reason}
            maxLength={120}
            onChange={(event) => {
              setReason(event.currentTarget.value);
            }}
          />
          <Text c="dimmed">{t('till.movement.hint')}</Text>
          <Refusal error={move.error} />
          <Group grow>
            <Button variant="default" size="lg" component={Link} to="/till">
              {t('common.cancel')}
            </Button>
            <Button type="submit" size="lg" loading={move.isPending} disabled={!isReady}>
              {t('till.movement.do')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Container>
  );
}

/** The amounts that were typed; null when one is none, or when there is nothing to move. */
function amountOf(texts: Record<string, string>, isNegative: boolean): Cash | null {
  const amount: Cash = {};
  for (const [currency, text] of Object.entries(texts)) {
    const minor = parseAmount(text, currency);
    if (minor === null || minor < 0) return null;
    if (minor > 0) amount[currency] = isNegative ? -minor : minor;
  }
  return Object.keys(amount).length > 0 ? amount : null;
}

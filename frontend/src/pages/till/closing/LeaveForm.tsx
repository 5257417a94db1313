import { Button, Card, Group, Stack, Text, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';

import { AmountField } from '@/components/AmountField';
import { Money, useMoney } from '@/components/Money';
import { parseAmount, plain, toMinor } from '@/money';
import type { Cash } from '@/money';
import type { Drawer } from '@/state/queries/drawer';

type Texts = Record<string, string>;

/** What stays in the drawer, of each currency; an empty field leaves all of it. Null while one of them cannot be. */
export function leftOf(texts: Texts, counted: Cash): Cash | null {
  const left: Cash = {};
  for (const [currency, all] of Object.entries(counted)) {
    const text = texts[currency] ?? '';
    const minor = text.trim() === '' ? all : parseAmount(text, currency);
    if (minor === null || minor < 0 || minor > all) return null;
    left[currency] = minor;
  }
  return left;
}

interface Props {
  drawer: Drawer;
  counted: Cash;
  texts: Texts;
  onTexts: (texts: Texts) => void;
}

/** How much of what was counted stays for the next float, and how much is taken out. */
export function LeaveForm({ drawer, counted, texts, onTexts }: Props) {
  const { t } = useTranslation();
  const money = useMoney();
  return (
    <Card className="surface" padding="sm" component="section" aria-label={t('till.close.leave')}>
      <Stack gap="sm">
        <Title order={3} size="h5">
          {t('till.close.leave')}
        </Title>
        {drawer.balances.map(({ currency, openingFloat }) => {
          const all = counted[currency] ?? 0;
          const floatMinor = toMinor(openingFloat, currency);
          const left = leftOf({ [currency]: texts[currency] ?? '' }, { [currency]: all });
          const set = (text: string) => {
            onTexts({ ...texts, [currency]: text });
          };
          return (
            <Stack key={currency} gap={6}>
              <AmountField
                label={t('till.close.stays', { currency, amount: money.minor(all, currency) })}
                currency={currency}
                placeholder={plain(all, currency)}
                text={texts[currency] ?? ''}
                onText={set}
              />
              <Group justify="space-between">
                <Group gap="xs">
                  <Text c={left === null ? 'red' : 'dimmed'} role={left === null ? 'alert' : undefined}>
                    {left === null ? t('errors.LEFT_EXCEEDS_COUNT') : t('till.close.removed')}
                  </Text>
                  {left !== null && (
                    <Money
                      minor={all - (left[currency] ?? 0)}
                      currency={currency}
                      fw={650}
                      data-testid={`removed-${currency}`}
                    />
                  )}
                </Group>
                {floatMinor > 0 && floatMinor < all && (
                  <Button
                    variant="light"
                    onClick={() => {
                      set(plain(floatMinor, currency));
                    }}
                  >
                    {t('till.close.leaveFloat', { amount: money.minor(floatMinor, currency) })}
                  </Button>
                )}
              </Group>
            </Stack>
          );
        })}
      </Stack>
    </Card>
  );
}

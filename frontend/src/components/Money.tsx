import { Text } from '@mantine/core';
import type { TextProps } from '@mantine/core';
import { useTranslation } from 'react-i18next';

import { format, toMinor } from '@/money';
import type { Minor } from '@/money';

/** Writes amounts in the language of the page. */
export function useMoney() {
  const { i18n } = useTranslation();
  return {
    minor: (minor: Minor, currency: string, sign?: 'always') => format(minor, currency, i18n.language, sign),
    wire: (amount: number, currency: string, sign?: 'always') =>
      format(toMinor(amount, currency), currency, i18n.language, sign),
  };
}

interface Props extends TextProps {
  minor: Minor;
  currency: string;
  sign?: 'always';
  'data-testid'?: string;
}

export function Money({ minor, currency, sign, ...text }: Props) {
  const money = useMoney();
  return (
    <Text component="span" style={{ whiteSpace: 'nowrap' }} {...text}>
      {money.minor(minor, currency, sign)}
    </Text>
  );
}

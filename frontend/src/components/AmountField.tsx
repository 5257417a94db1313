import { TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';

import { exponent, parseAmount, plain } from '@/money';

interface Props {
  label: string;
  currency: string;
  text: string;
  onText: (text: string) => void;
  autoFocus?: boolean;
  /** What an empty field stands for; 0 where nothing is said. */
  placeholder?: string;
}

/** A field for an amount. It keeps what was typed; whoever shows it reads it with `parseAmount`. */
export function AmountField({ label, currency, text, onText, autoFocus, placeholder }: Props) {
  const { t } = useTranslation();
  const isWrong = parseAmount(text, currency) === null;
  return (
    <TextInput
      label={label}
      value={text}
      size="lg"
      data-autofocus={autoFocus}
      autoFocus={autoFocus ?? false}
      inputMode={exponent(currency) === 0 ? 'numeric' : 'decimal'}
      autoComplete="off"
      placeholder={placeholder ?? plain(0, currency)}
      rightSection={<span>{currency}</span>}
      rightSectionWidth={64}
      error={isWrong ? t('common.noAmount') : undefined}
      onChange={(event) => {
        onText(event.currentTarget.value);
      }}
    />
  );
}

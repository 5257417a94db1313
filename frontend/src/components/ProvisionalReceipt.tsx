import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';

import khmer from '@fontsource/noto-sans-khmer/files/noto-sans-khmer-khmer-400-normal.woff2?url';

import type { Provisional } from '@/till/provisional';

import { useMoney } from './Money';
import { printPage } from './Receipt';

interface Props {
  receipt: Provisional;
}

/** Prints what a customer can take along before the sale has a number. */
export function ProvisionalPrint({ receipt }: Props) {
  const { t } = useTranslation();
  const page = usePage();
  return (
    <Button
      variant="default"
      onClick={() => {
        printPage(page(receipt));
      }}
    >
      {t('selling.receipt.print')}
    </Button>
  );
}

export function ProvisionalDialog({ receipt, onClose }: Props & { onClose: () => void }) {
  const { t } = useTranslation();
  const page = usePage();
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('selling.provisional.title')}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      <Stack>
        <iframe
          title={t('selling.provisional.title')}
          srcDoc={page(receipt)}
          sandbox="allow-same-origin"
          style={{ width: '100%', height: '60vh', border: 0, background: '#fff', borderRadius: 8 }}
        />
        <Text c="dimmed" size="sm">
          {t('selling.provisional.hint')}
        </Text>
        <Group justify="flex-end">
          <ProvisionalPrint receipt={receipt} />
        </Group>
      </Stack>
    </Modal>
  );
}

const STYLE = `
@font-face { font-family: 'Noto Sans Khmer'; src: url('${khmer}') format('woff2'); unicode-range: U+1780-17FF, U+19E0-19FF; }
body { margin: 0; font: 14px/1.4 'Noto Sans Khmer', system-ui, sans-serif; color: #111; background: #fff; }
main { box-sizing: border-box; max-width: 80mm; margin: 0 auto; padding: 4mm; overflow-wrap: anywhere; }
h1 { font-size: 1.1em; text-align: center; margin: 0 0 2mm; }
.notice { border: 2px dashed #111; padding: 2mm; margin: 2mm 0; text-align: center; font-weight: 700; }
.centred { text-align: center; margin: 0; }
dl { margin: 2mm 0; border-top: 1px dashed #111; padding-top: 2mm; }
dl div { display: flex; justify-content: space-between; gap: 3mm; }
dd { margin: 0; text-align: right; flex: none; font-variant-numeric: tabular-nums; }
.total { font-weight: 700; font-size: 1.2em; }
@page { size: 80mm auto; margin: 0; }`;

function escaped(text: string): string {
  const signs: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replaceAll(/[&<>"']/g, (sign) => signs[sign] ?? sign);
}

function row([name, amount]: [string, string], kind = ''): string {
  return `<div class="${kind}"><dt>${escaped(name)}</dt><dd>${escaped(amount)}</dd></div>`;
}

/** A page of its own, in the language of the till: no script, nothing from elsewhere. */
function usePage(): (receipt: Provisional) => string {
  const { t, i18n } = useTranslation();
  const money = useMoney();
  return (receipt) => {
    const { currency } = receipt;
    const time = new Intl.DateTimeFormat(i18n.language, { dateStyle: 'medium', timeStyle: 'short' });
    const number = new Intl.NumberFormat(i18n.language, {
      maximumFractionDigits: 3,
      numberingSystem: 'latn',
    });
    const lines = receipt.lines.map((line): [string, string] => [
      `${number.format(line.quantityMilli / 1000)}${line.unit === 'KILOGRAM' ? ' kg' : ' ×'} ${line.name}${
        line.discountMinor > 0
          ? ` (${t('selling.cart.discount')} −${money.minor(line.discountMinor, currency)})`
          : ''
      }`,
      money.minor(line.totalMinor, currency),
    ]);
    if (receipt.donationMinor > 0)
      lines.push([t('selling.cart.donation'), money.minor(receipt.donationMinor, currency)]);
    const { rounding } = receipt;
    const paid = receipt.payments.map((one): [string, string] => [
      one.flow === 'CHANGE' ? t('selling.pay.change') : t(`selling.methods.${one.method}`),
      money.minor(one.amountMinor, one.currency),
    ]);
    return `<!doctype html><html lang="${escaped(i18n.language)}"><meta charset="utf-8">
<title>${escaped(t('selling.provisional.title'))}</title><style>${STYLE}</style><body><main>
<h1>${escaped(receipt.place)}</h1>
<p class="notice">${escaped(t('selling.provisional.notice'))}</p>
<p class="centred">${escaped(time.format(new Date(receipt.madeAt)))} · ${escaped(receipt.cashier)}</p>
<p class="centred">${escaped(t('selling.provisional.reference', { reference: receipt.reference }))}</p>
<dl>${lines.map((line) => row(line)).join('')}</dl>
<dl>${rounding === null ? '' : row([t('selling.pay.rounding'), money.minor(rounding.amountMinor, rounding.currency, 'always')])}
${row([t('selling.cart.total'), money.minor(receipt.totalMinor, currency)], 'total')}
${receipt.taxMinor > 0 ? row([t('selling.cart.tax'), money.minor(receipt.taxMinor, currency)]) : ''}</dl>
<dl>${paid.map((one) => row(one)).join('')}</dl>
</main></body></html>`;
  };
}

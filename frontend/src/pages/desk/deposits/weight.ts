import { useTranslation } from 'react-i18next';

/** Weights in kilograms as people of this language write them; the API knows whole grams. */
export function useWeight() {
  const { i18n } = useTranslation();
  const format = new Intl.NumberFormat(i18n.language, {
    style: 'unit',
    unit: 'kilogram',
    unitDisplay: 'short',
    maximumFractionDigits: 3,
    numberingSystem: 'latn',
  });
  return (grams: number) => format.format(grams / 1000);
}

/** How sure a suggestion is, in hundredths. */
export function usePercent() {
  const { i18n } = useTranslation();
  const format = new Intl.NumberFormat(i18n.language, { style: 'percent', numberingSystem: 'latn' });
  return (share: number) => format.format(share);
}

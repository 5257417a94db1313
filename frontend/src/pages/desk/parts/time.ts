import { useTranslation } from 'react-i18next';

/** Moments and days as people of this language write them. */
export function useTime() {
  const { i18n } = useTranslation();
  const moment = new Intl.DateTimeFormat(i18n.language, {
    dateStyle: 'medium',
    timeStyle: 'short',
    numberingSystem: 'latn',
  });
  const clock = new Intl.DateTimeFormat(i18n.language, { timeStyle: 'short', numberingSystem: 'latn' });
  const day = new Intl.DateTimeFormat(i18n.language, {
    dateStyle: 'medium',
    timeZone: 'UTC',
    numberingSystem: 'latn',
  });
  return {
    moment: (text: string) => moment.format(new Date(text)),
    clock: (text: string) => clock.format(new Date(text)),
    /** A business date has no time zone. */
    day: (text: string) => day.format(new Date(`${text}T00:00:00Z`)),
  };
}

/** A day some days ago, as the API takes it. */
export function daysAgo(days: number): string {
  const found = new Date();
  found.setDate(found.getDate() - days);
  const [month, day] = [found.getMonth() + 1, found.getDate()].map((part) => String(part).padStart(2, '0'));
  return `${found.getFullYear()}-${month ?? ''}-${day ?? ''}`;
}

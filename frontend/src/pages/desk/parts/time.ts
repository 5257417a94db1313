import { useTranslation } from 'react-i18next';

import { dateLocale, formatDateTime, formatTime } from '@/dates';

/** Moments and days as people of this language write them. */
export function useTime() {
  const { i18n } = useTranslation();
  const language = i18n.language;
  const day = new Intl.DateTimeFormat(dateLocale(language), {
    dateStyle: language === 'km' ? 'short' : 'medium',
    timeZone: 'UTC',
  });
  return {
    moment: (text: string) => formatDateTime(text, language),
    clock: (text: string) => formatTime(text, language),
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

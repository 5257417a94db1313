/** Browsers without Khmer write root data ("2026 M11 21"); day, month, year in figures is how it is written there. */
export function dateLocale(language: string): string {
  return language === 'km' ? 'en-GB' : language;
}

export function formatDateTime(iso: string, language: string): string {
  const dateStyle = language === 'km' ? 'short' : 'medium';
  return new Intl.DateTimeFormat(dateLocale(language), { dateStyle, timeStyle: 'short' }).format(
    new Date(iso),
  );
}

export function formatTime(iso: string, language: string): string {
  return new Intl.DateTimeFormat(dateLocale(language), { timeStyle: 'short' }).format(new Date(iso));
}

import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';

import type en from './en';

export const LANGUAGES = { en: 'English', fr: 'Français', es: 'Español', km: 'ខ្មែរ' } as const;
export type Language = keyof typeof LANGUAGES;

declare module 'i18next' {
  interface CustomTypeOptions {
    resources: { translation: typeof en };
  }
}

const KEY = 'tillvault.language';

const load: Record<Language, () => Promise<{ default: object }>> = {
  en: () => import('./en'),
  fr: () => import('./fr'),
  es: () => import('./es'),
  km: () => import('./km'),
};

function isLanguage(given: string): given is Language {
  return given in LANGUAGES;
}

function preferred(): Language {
  const asked = [localStorage.getItem(KEY) ?? '', ...navigator.languages].map((tag) =>
    tag.slice(0, 2).toLowerCase(),
  );
  return asked.find(isLanguage) ?? 'en';
}

/** Only the language in use is loaded; all have the same keys, so there is nothing to fall back to. */
export async function startLanguages(): Promise<void> {
  const language = preferred();
  await i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: false,
    resources: { [language]: { translation: (await load[language]()).default } },
    interpolation: { escapeValue: false }, // React escapes.
  });
  document.documentElement.lang = language;
}

export async function changeLanguage(language: Language): Promise<void> {
  i18next.addResourceBundle(language, 'translation', (await load[language]()).default);
  await i18next.changeLanguage(language);
  localStorage.setItem(KEY, language);
  document.documentElement.lang = language;
}

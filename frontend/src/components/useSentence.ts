import { useTranslation } from 'react-i18next';

import { ApiError, Unreachable } from '@/http';

/** A refusal in the person's language: by its code where we have words for it, else as the API said it. */
export function useSentence(): (error: unknown) => string {
  const { t, i18n } = useTranslation();
  return (error) => {
    if (error instanceof Unreachable) return t('errors.unreachable');
    if (!(error instanceof ApiError)) return t('errors.unknown', { code: 'APP' });
    const key = `errors.${error.code}`;
    // The code comes from the API: whether there are words for it is known only here.
    if (i18n.exists(key)) return t(key as 'errors.INVALID_CREDENTIALS');
    return error.message || t('errors.unknown', { code: error.code });
  };
}

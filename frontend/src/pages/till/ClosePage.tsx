import { useTranslation } from 'react-i18next';

export function ClosePage() {
  const { t } = useTranslation();
  return <main>{t('till.title')}</main>;
}

import { useTranslation } from 'react-i18next';

export function XPage() {
  const { t } = useTranslation();
  return <main>{t('till.title')}</main>;
}

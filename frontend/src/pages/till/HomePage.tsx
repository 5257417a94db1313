import { useTranslation } from 'react-i18next';

export function HomePage() {
  const { t } = useTranslation();
  return <main>{t('till.title')}</main>;
}

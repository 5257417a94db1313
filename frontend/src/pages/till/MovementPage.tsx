import { useTranslation } from 'react-i18next';

export function MovementPage() {
  const { t } = useTranslation();
  return <main>{t('till.title')}</main>;
}

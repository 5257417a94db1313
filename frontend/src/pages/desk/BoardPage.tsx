import { useTranslation } from 'react-i18next';

export function BoardPage() {
  const { t } = useTranslation();
  return <main>{t('desk.title')}</main>;
}

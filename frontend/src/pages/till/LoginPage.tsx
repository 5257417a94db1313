import { Alert, Anchor, Button, Center, Group, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import type { PinValidado } from '@/api';
import { PinPad } from '@/components/PinPad';
import { Preferences } from '@/components/Preferences';
import { Refusal } from '@/components/Refusal';
import { hasCode } from '@/http';
import { store } from '@/state/device';
import type { Store } from '@/state/device';
import { ended } from '@/state/login';
import { useLoginPin, useValidatePin } from '@/state/queries/terminal';
import { Kept, useKept } from '@/state/store';

import { conflictOf, ConflictDialog } from './ConflictDialog';
import type { Conflict } from './ConflictDialog';

/** The register that stands beside this device: who types their PIN is sent straight to it while it is free. */
const usual = new Kept<{ id: string; name: string }>('tillvault.register');

interface Choice {
  pin: string;
  person: PinValidado;
}

/** PIN first, no name to pick; then the paused drawer, the usual register, or a choice of those that are free. */
export function LoginPage({ place }: { place: Store }) {
  const { t } = useTranslation();
  const beside = useKept(usual);
  const why = useKept(ended);
  const [choice, setChoice] = useState<Choice | null>(null);
  const [conflict, setConflict] = useState<{ pin: string; what: Conflict } | null>(null);
  const validate = useValidatePin();
  const login = useLoginPin();

  const enter = async (pin: string, registerId: string) => {
    try {
      const answer = await login.mutateAsync({ pin, code: place.code, registerId });
      if (answer.tpv !== null) usual.set({ id: answer.tpv.id, name: answer.tpv.nombre });
    } catch (error) {
      showConflict(pin, error);
    }
  };
  const identify = async (pin: string, force: boolean) => {
    setChoice(null);
    setConflict(null);
    login.reset();
    try {
      const person = await validate.mutateAsync({ pin, code: place.code, force });
      const free = person.tpvs_disponibles;
      const only = free.length === 1 ? free[0] : free.find((register) => register.id === beside?.id);
      if (person.sesion_pausada !== null) await enter(pin, person.sesion_pausada.tpv_id);
      else if (only !== undefined) await enter(pin, only.id);
      else setChoice({ pin, person });
    } catch (error) {
      showConflict(pin, error);
    }
  };
  const showConflict = (pin: string, error: unknown) => {
    const what = conflictOf(error);
    if (what !== null) setConflict({ pin, what });
    // A store that was renamed or closed: the device has to be told again where it stands.
    if (hasCode(error, 'STORE_NOT_FOUND')) store.set(null);
  };
  const failed = validate.error ?? login.error;
  const isBusy = validate.isPending || login.isPending;

  return (
    <Center mih="100dvh" p="md" component="main">
      <Stack align="center" gap="lg" w="100%" maw={460}>
        <Group justify="space-between" w="100%" wrap="nowrap">
          <div>
            <Title order={1} size="h3">
              {place.name}
            </Title>
            <Text c="dimmed">{place.organisation}</Text>
          </div>
          <Preferences />
        </Group>
        {why !== null && (
          <Alert color="brass" role="alert" w="100%">
            {t(`till.ended.${why}`)}
          </Alert>
        )}
        {choice === null ? (
          <>
            <Title order={2} size="h4">
              {t('till.pin.title')}
            </Title>
            <PinPad isBusy={isBusy} isHeld={conflict !== null} onPin={(pin) => void identify(pin, false)} />
          </>
        ) : (
          <Registers
            choice={choice}
            isBusy={isBusy}
            onChoose={(id) => void enter(choice.pin, id)}
            onBack={() => {
              setChoice(null);
            }}
          />
        )}
        {conflict === null && conflictOf(failed) === null && <Refusal error={failed} />}
        <Group gap="xs" justify="center">
          {beside !== null && choice === null && (
            <Button
              variant="subtle"
              onClick={() => {
                usual.set(null);
              }}
            >
              {t('till.pin.otherRegister', { name: beside.name })}
            </Button>
          )}
          <Anchor href="/desk" py={10} px="sm">
            {t('till.toTheDesk')}
          </Anchor>
        </Group>
        {conflict !== null && (
          <ConflictDialog
            conflict={conflict.what}
            isBusy={isBusy}
            onClose={() => {
              setConflict(null);
            }}
            onForce={() => void identify(conflict.pin, true)}
            onOther={() => {
              usual.set(null);
              void identify(conflict.pin, false);
            }}
            onResume={(registerId) => {
              setConflict(null);
              void enter(conflict.pin, registerId);
            }}
          />
        )}
      </Stack>
    </Center>
  );
}

interface RegistersProps {
  choice: Choice;
  isBusy: boolean;
  onChoose: (id: string) => void;
  onBack: () => void;
}

function Registers({ choice, isBusy, onChoose, onBack }: RegistersProps) {
  const { t } = useTranslation();
  const free = choice.person.tpvs_disponibles;
  return (
    <Stack w="100%">
      <Title order={2} size="h4">
        {t('till.registers.title', { name: choice.person.usuario.nombre })}
      </Title>
      {free.length === 0 && <Text>{t('till.registers.none')}</Text>}
      {free.map((register, at) => (
        <Button
          key={register.id}
          size="xl"
          variant="default"
          disabled={isBusy}
          autoFocus={at === 0}
          onClick={() => {
            onChoose(register.id);
          }}
        >
          {register.nombre}
        </Button>
      ))}
      <Button variant="subtle" onClick={onBack}>
        {t('common.back')}
      </Button>
    </Stack>
  );
}

"""The states that train a style: check its data, train it on spot, and continue elsewhere after an interruption."""

from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from cdk_app.gpu.capacity import GpuCapacity
from cdk_app.gpu.pool import GpuPool
from cdk_app.gpu.worker import GpuWorker
from cdk_app.stages.workflows import Training
from cdk_app.workflows.caught import pass_on_error
from cdk_app.workflows.expressions import EXECUTION_INPUT, to_expression, write_object
from cdk_app.workflows.gpu_launch import CALLBACK, launch_gpu_task
from cdk_app.workflows.retries import retry_faults, retry_interruptions
from craftspark.errors import Retry, names
from craftspark.errors.aws_names import LAUNCH_FAULTS
from craftspark.errors.raised import TRAINING_TASK
from craftspark.errors.training import TrainingFailed
from craftspark.settings.tasks import TrainingLaunch
from craftspark.styles.messages import Fault

# How many more instances try a training, after the task or the instance failed on demand.
OTHER_MACHINES = 2
PERMANENT = names(TRAINING_TASK, Retry.NEVER)
ORDER = to_expression(EXECUTION_INPUT)
FAULT = write_object(Fault, **pass_on_error(unnamed=TrainingFailed))


class StyleTraining(Construct):
    """The states from `start` on; they lead to `trained` with the result, or to `failed` with the reason."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        pool: GpuPool,
        trainer: GpuWorker,
        training: Training,
        trained: sfn.IChainable,
        failed: sfn.IChainable,
    ) -> None:
        super().__init__(scope, construct_id)
        self._pool, self._trainer, self._training = pool, trainer, training

        train_on_demand = self._launch("Train on demand", pool.on_demand, "train-style", training.train_s)
        retry_interruptions(train_on_demand, TRAINING_TASK, attempts=training.max_interruptions)
        retry_faults(train_on_demand, LAUNCH_FAULTS, attempts=5)
        retry_faults(train_on_demand, names(TRAINING_TASK, Retry.ELSEWHERE), attempts=OTHER_MACHINES)
        train_on_demand.add_catch(failed, outputs=FAULT)
        train_on_demand.next(trained)

        train_on_spot = self._launch("Train on spot", pool.spot, "train-style", training.train_s)
        retry_interruptions(train_on_spot, TRAINING_TASK, attempts=training.max_interruptions)
        train_on_spot.add_catch(failed, errors=PERMANENT, outputs=FAULT)
        train_on_spot.add_catch(train_on_demand, outputs=ORDER)
        train_on_spot.next(trained)

        self.start = self._launch("Check the data", pool.spot, "check-data", training.check_s)
        retry_interruptions(self.start, TRAINING_TASK, attempts=2)
        self.start.add_catch(failed, errors=PERMANENT, outputs=FAULT)
        # Without spot capacity, skip the check: a training checks its data again before it starts.
        self.start.add_catch(train_on_demand, outputs=ORDER)
        self.start.next(train_on_spot)

    def _launch(self, name: str, capacity: GpuCapacity, command: str, work_s: int) -> tasks.EcsRunTask:
        return launch_gpu_task(
            self,
            name,
            cluster=self._pool.cluster,
            worker=self._trainer,
            capacity=capacity,
            command=[command],
            launch=TrainingLaunch(task_token=CALLBACK, training=to_expression(f"$string({EXECUTION_INPUT})")),
            heartbeat_s=self._training.launch_wait_s + self._training.silence_s,
            timeout_s=self._training.launch_wait_s + work_s,
        )

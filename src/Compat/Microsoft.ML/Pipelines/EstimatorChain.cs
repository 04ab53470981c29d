namespace Microsoft.ML.Data;

/// <summary>Estimators fitted one after another, each on what the ones before make of the data.</summary>
public sealed class EstimatorChain<TLastTransformer> : IEstimator<TransformerChain<TLastTransformer>>
    where TLastTransformer : class, ITransformer
{
    private readonly IEstimator<ITransformer>[] _estimators;
    private readonly TransformerScope[] _scopes;

    public EstimatorChain()
    {
        _estimators = [];
        _scopes = [];
    }

    private EstimatorChain(IEstimator<ITransformer>[] estimators, TransformerScope[] scopes)
    {
        _estimators = estimators;
        _scopes = scopes;
    }

    public TransformerChain<TLastTransformer> Fit(IDataView input)
    {
        // A schema that does not fit is found before anything is trained.
        GetOutputSchema(SchemaShape.Create(input.Schema));

        var current = input;
        var transformers = new ITransformer[_estimators.Length];
        for (var i = 0; i < transformers.Length; i++)
        {
            transformers[i] = _estimators[i].Fit(current);
            current = transformers[i].Transform(current);
        }

        return new TransformerChain<TLastTransformer>(transformers, _scopes);
    }

    public SchemaShape GetOutputSchema(SchemaShape inputSchema) =>
        _estimators.Aggregate(inputSchema, (schema, estimator) => estimator.GetOutputSchema(schema));

    public EstimatorChain<TNewTrans> Append<TNewTrans>(IEstimator<TNewTrans> estimator, TransformerScope scope = TransformerScope.Everything)
        where TNewTrans : class, ITransformer
    {
        ArgumentNullException.ThrowIfNull(estimator);
        return new EstimatorChain<TNewTrans>([.. _estimators, (IEstimator<ITransformer>)estimator], [.. _scopes, scope]);
    }
}
